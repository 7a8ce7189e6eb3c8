namespace Interactive.Onnx;

/// <summary>How a graph becomes a file.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>
    /// Batch norms that follow a convolution become part of its weights: a faster file, which trains no further as it
    /// did. Default false.
    /// </summary>
    public bool FoldBatchNorm { get; init; }
    /// <summary>Names of the inputs, in order; default <c>input</c>, or <c>input1</c>, <c>input2</c>, ….</summary>
    public IReadOnlyList<string> Inputs { get; init; } = [];
    /// <summary>Names of the outputs, in order; default <c>output</c>, or <c>output1</c>, <c>output2</c>, ….</summary>
    public IReadOnlyList<string> Outputs { get; init; } = [];
    /// <summary>Names of the classes, kept in the file as <c>classes</c>. Default none.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];
    /// <summary>
    /// What is to be done to an image first, kept in the file as <c>mean</c> and <c>deviation</c>. Default nothing.
    /// </summary>
    public Data.Normalisation? Normalisation { get; init; }
    /// <summary>
    /// What is to be done to a picture of a file before that (<see cref="Data.ImageSteps"/>), kept in the file as
    /// <c>steps</c>. Default as <see cref="Data.ImageFolder"/> reads it.
    /// </summary>
    public string? PictureSteps { get; init; }
    /// <summary>How the columns of a table become the net's numbers, kept in the file (<c>TableDataset.TableColumns</c>); default none.</summary>
    public string? TableColumns { get; init; }
}
