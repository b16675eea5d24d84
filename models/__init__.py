"""Machine learning: features, labels, training, export, bundles and the ONNX runtime.

Floor 0: nothing here imports another package of this product. Running a model needs numpy, msgspec
and onnxruntime only; lightgbm, onnx and scikit-learn are imported lazily by training and export.
"""
