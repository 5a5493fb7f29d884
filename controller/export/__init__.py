"""Getting a version out: a folder that transformers, PEFT and vLLM load as it is.

``trueup pull`` fetches a version's files (``fetching``), has a child process merge its adapter
where that is asked for (``merging``, the only part with torch), and gives the folder the shape that
other tools expect (``shaping``).
"""
