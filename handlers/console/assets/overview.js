// @ts-check
import "console/page";
import "console/area-map";
