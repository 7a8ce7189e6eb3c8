using Interactive.Graphs;

namespace Interactive.Data;

/// <summary>Images that are changed at random when they are read for training.</summary>
internal sealed class AugmentedImages(IDataSource images, Augmentation augmentation) : IDataSource
{
    public int Count => images.Count;
    public Shape Shape => images.Shape;
    public int Classes => images.Classes;
    public IReadOnlyList<string> ClassNames => images.ClassNames;
    public Normalisation? Normalisation => images.Normalisation;
    public string? PictureSteps => ((IBatchSource)images).PictureSteps;
    public long Read(int index, Span<float> pixels) => images.Read(index, pixels);
    public void Augment(Span<float> pixels, int index, int epoch, ulong seed)
        => augmentation.Apply(pixels, Shape, seed, epoch, index);
    public int? ClassOf(int sample) => images.ClassOf(sample);
    public string? Origin(int sample) => images.Origin(sample);
}
