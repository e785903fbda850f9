// @ts-check
/** What every page of somebody who is signed in has. */
import { begin } from "console/live/feed";
import "console/attention/alarm-bell";
import "console/live/countdown";
import "console/acting/keys";
import "console/live/live-region";
import "console/live/numbers";
import "console/live/session";

begin();
