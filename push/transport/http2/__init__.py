"""An HTTP/2 client for one request a phone: takes requests and a `may_send` callback, and returns replies.

Knows nothing of the rest of `push`. `client` holds a lane's connections, `dial` opens them, `waiting` is who waits for
room on them, `connection` is one of them and `watch` its clock, `reader` reads what a provider sends, `headers` and
`frames` make the bytes of calls, and `group` is what a worker waits for. Whatever the network does is a value.

Bounded: connections, streams, bytes and waits, each by a setting or a named constant. The protocol is written here and
not taken from a library because one request a phone is what token lanes spend their time on: see `bench/lanes.py`.
"""

from push.transport.http2.client import Http2Client
from push.transport.http2.dial import Http2Settings
from push.transport.http2.headers import Head
from push.transport.http2.reply import PLAIN_OK, Reply

__all__ = ["PLAIN_OK", "Head", "Http2Client", "Http2Settings", "Reply"]
