// @ts-check
import "console/page";
import "console/stop-bar";
