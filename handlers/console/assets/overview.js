// @ts-check
import "console/page";
