"""How good both branches are on a folder of pictures with true masks: `python -m samhq_demo.evaluation`.

`layouts` finds the pictures and `truths` their objects, `prompting` asks for each object, `run` does so for
picture after picture and keeps what was found in a file (`records`), `statistics` makes numbers of that file,
`report`, `charts` and `gallery` show them. `metrics` has what is measured of one mask.
"""
