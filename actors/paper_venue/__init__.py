"""The paper venue: simulated matching of our orders against what the market recorded."""
