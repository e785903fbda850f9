"""The main job: takes a case that an authority filed, and notifies each recipient once, as the ledger shows.

`alerts` files, moves and ends alerts and plans their rings; `fanout` claims units and streams the audience minus the
ledger into a lane's bounded queue; `delivery` sends batches through a gateway and settles them in the ledger;
`providers` are the gateways, on what `transport` shares; `message` is what phones show; `engine` starts and stops it
all. Bounded: the batches outstanding a lane, the requests in flight, the rows of a ledger commit. This room serves no
HTTP and contains no SQL. Its only Redis commands are the scripts of the shared quota (`transport.quota`). What a
provider answers is a value.
"""
