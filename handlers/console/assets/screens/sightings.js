// @ts-check
/** Sightings: the page's live parts, its map, and moving from one to the next. */
import "console/screens/page";
import "console/live/area-map";
import "console/acting/moving";
