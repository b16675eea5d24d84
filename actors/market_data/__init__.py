"""From book states, trade aggregates and candles to bars, marks and soundness flags."""
