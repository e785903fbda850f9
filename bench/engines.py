"""Measure other HTTP/2 clients for token lanes, in requests for each CPU second of the client.

libcurl's multi interface is the common choice; it is measured so that our own choice can be reviewed. Bounded by the
caller's requests, `STREAMS` times `CONNECTIONS` at once.
"""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pycurl

from bench.http2_servers import CONNECTIONS, PATH, STREAMS

if TYPE_CHECKING:
    from bench.http2_servers import Nghttpd

WAIT_S = 1.0
HEADERS = (f"authorization: Bearer {'x' * 200}", "content-type: application/json")


def libcurl(server: Nghttpd, body: bytes, requests: int) -> float:
    """Return the requests for each CPU second of libcurl's multi interface, whose handles are reused."""
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
    multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, STREAMS)
    multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, CONNECTIONS)
    handles = [_handle(server, body) for _ in range(min(requests, STREAMS * CONNECTIONS))]
    before_s = _cpu_s()
    for handle in handles:
        multi.add_handle(handle)
    begun, done = len(handles), 0
    while done < requests:
        multi.perform()
        queued = 1
        while queued:
            queued, good, failed = multi.info_read()
            if failed:
                raise RuntimeError(f"libcurl was not answered ({failed[0][1]})")
            for handle in good:
                done += 1
                multi.remove_handle(handle)
                if begun < requests:
                    begun += 1
                    multi.add_handle(handle)
        multi.select(WAIT_S)
    used_s = _cpu_s() - before_s
    for handle in handles:
        handle.close()
    multi.close()
    return requests / used_s


def _handle(server: Nghttpd, body: bytes) -> pycurl.Curl:
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, server.url + PATH)
    handle.setopt(pycurl.HTTPHEADER, HEADERS)
    handle.setopt(pycurl.POSTFIELDS, body)
    handle.setopt(pycurl.CAINFO, str(server.certificate))
    handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
    handle.setopt(pycurl.PIPEWAIT, 1)
    handle.setopt(pycurl.WRITEFUNCTION, len)
    return handle


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
