// @ts-check
/** What every page of somebody who is signed in has. */
import { begin } from "console/feed";
import "console/alarm-bell";
import "console/countdown";
import "console/keys";
import "console/live-region";
import "console/numbers";
import "console/session";

begin();
