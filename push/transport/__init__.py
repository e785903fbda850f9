"""Transports: send requests to providers and return what they answer as values.

What more than one gateway needs: batch requests, HTTP/2 with a request for each phone (`http2`), access tokens of
service accounts, the encryption of Web Push. What only one provider needs stands in its file in `push.providers`.
Bounded: each request by its timeout, each answer by its size. No request starts without a clearance.
"""
