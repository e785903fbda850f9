"""How providers are spoken to: a rendered message and recipients flow in, the provider's answer flows out as a value.

What more than one gateway needs: batch requests, HTTP/2 with a request for each phone (`http2`), access tokens of
service accounts, the encryption of Web Push. What is special of one provider stands in its file in `push.providers`.
Bounded: each request by its timeout, each answer by its size. No request starts without a clearance.
"""
