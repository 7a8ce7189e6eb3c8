using Interactive.Graphs;

namespace Interactive.Models;

/// <summary>What may differ between two models of one name. Null means the model's own default.</summary>
public sealed record ModelOptions
{
    /// <summary>One image, as channels x height x width; token models ignore it.</summary>
    public Shape? Image { get; init; }
    /// <summary>Classes to tell apart (default 1,000; LeNet-5 10; U-Net 2).</summary>
    public long? Classes { get; init; }
    /// <summary>
    /// resnet: how it begins; default small for images of at most 64 pixels, else large. Weights are those of one stem.
    /// </summary>
    public ResNetStem? Stem { get; init; }
    /// <summary>Transformer blocks (gpt 4, vit 12).</summary>
    public int? Layers { get; init; }
    /// <summary>Attention heads (gpt 4, vit 12).</summary>
    public int? Heads { get; init; }
    /// <summary>Width of a token (gpt 256, vit 768).</summary>
    public long? Width { get; init; }
    /// <summary>gpt: tokens in one sample (default 128).</summary>
    public long? Context { get; init; }
    /// <summary>gpt: size of the vocabulary (default 4,096).</summary>
    public long? Vocabulary { get; init; }
    /// <summary>gpt: the approximate GELU that GPT-2's own weights were trained with; default the exact one.</summary>
    public bool TanhGelu { get; init; }
    /// <summary>Make shapes and counts only, no parameters: for planning models that do not fit the machine.</summary>
    public bool ShapesOnly { get; init; }
}
