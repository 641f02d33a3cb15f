"""The third front door: what an AI assistant may ask, over the model context protocol (MCP). No model is inside.

The same use cases of `mentor` as the commands and the portal, only inside the folders given at the start, in bounded answers.
Nothing here reaches a machine.
"""
