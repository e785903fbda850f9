// @ts-check
import { begin } from "console/feed";
import "console/live-region";

begin();
