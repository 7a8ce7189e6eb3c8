using static TorchSharp.torch;

namespace Interactive.Onnx;

/// <summary>A value between two operators while a file's graph runs.</summary>
/// <param name="Tensor">Its numbers.</param>
/// <param name="IsKnown">It does not depend on the data and is no parameter: a constant of the file, or made of
/// sizes.</param>
/// <param name="FollowsSizes">It is made of sizes of what flows, and may be another one for another batch.</param>
internal sealed record OnnxItem(Tensor Tensor, bool IsKnown = false, bool FollowsSizes = false);
