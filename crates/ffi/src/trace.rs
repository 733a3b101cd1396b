//! Trace files: recorded batches and what the engine answered. Bytes only; it knows nothing of what they mean.
