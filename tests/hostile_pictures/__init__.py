"""`./run hostile-pictures --count N`: pictures that were made to do harm, each given to the decoder as a stranger's.

Bombs, polyglots, files that are cut off, changed or spliced, and formats that nobody decodes; of what Pillow writes,
and of the folder of others' test pictures that `--corpus` names. What is judged: the process that asked stays, its
memory too, and whatever is kept was encoded by us. One seed draws one campaign.
"""
