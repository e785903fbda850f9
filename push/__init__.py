"""The main job: a filed case flows in, recipients with their outcome flow out, each exactly once in the ledger.

`plan` makes rings of a policy; `life` files, moves and ends alerts, and makes their sweeps; `sweep` claims units and
streams the audience minus the ledger into a lane's bounded queue; `worker` sends batches through a gateway (`gateways`,
`transport`) and settles them in the `ledger`; `watcher` holds it all against the deadline and opens units again for
late entrants.
Bounded: the batches outstanding a lane, the requests in flight, the rows of a ledger commit.
This room knows nothing of HTTP towards the outside, of SQL or of Redis commands. A provider's answer is a value.
"""
