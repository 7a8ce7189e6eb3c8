namespace Interactive.Models;

/// <summary>How a residual net begins.</summary>
public enum ResNetStem
{
    /// <summary>One 3x3 convolution, no pooling: for images of 32 pixels and the like.</summary>
    Small,
    /// <summary>
    /// A 7x7 convolution of stride 2 and a max pooling, as torchvision has it (resnet1207: three 3x3 convolutions).
    /// </summary>
    Large,
}
