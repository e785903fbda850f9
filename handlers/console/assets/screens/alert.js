// @ts-check
import "console/screens/page";
import "console/acting/stop-bar";
import "console/live/area-map";
import "console/live/rate-line";
