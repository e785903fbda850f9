// @ts-check
import "console/screens/page";
import "console/live/area-map";
