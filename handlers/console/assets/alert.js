// @ts-check
import "console/page";
import "console/stop-bar";
import "console/area-map";
import "console/rate-line";
