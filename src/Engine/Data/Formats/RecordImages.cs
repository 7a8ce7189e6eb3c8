namespace Interactive.Data;

/// <summary>Pictures that lie in records, with what else the records hold of them.</summary>
internal sealed class RecordImages : IDataset<EncodedImage>, IDrawn
{
    private static readonly string[] Images = ["image", "img", "jpg", "jpeg", "png", "webp", "bmp", "gif", "pixels",
        "image.bytes",
            "img.bytes"],
        Labels = ["class", "cls", "label", "labels", "target", "y", "fine_label"],
        Masks = ["mask", "seg.png", "mask.png", "annotation"],
            Names = ["name", "name.txt", "__key__", "path", "file", "filename", "image.path",
                "img.path"];

    private readonly IDataset<DataRecord> source;
    private readonly string? image, label, mask, name;

    public RecordImages(IDataset<DataRecord> source, string? image, string? label, string? mask)
    {
        if (source.Count == 0) throw new UsageException("there is no sample");
        this.source = source;
        DataRecord first;
        try { first = source[0]; }
        catch (Exception e) when (SampleError.IsOfSample(e)) { throw SampleError.Of(0, source.Origin(0), e); }
        this.image = image;
        _ = ImageColumn(first);
        this.label = label ?? Find(first, Labels);
        this.mask = mask ?? Find(first, Masks);
        name = Find(first, Names);
        foreach (var given in (string?[])[image, label, mask])
            if (given is not null) _ = first[given]; // says which columns there are
    }

    // In archives a picture's column is its kind: one is a jpg, the next a png.
    private string ImageColumn(DataRecord record)
        => image ?? Find(record, Images) ?? throw new UsageException($"none of the columns {string.Join(", ", record.Columns)} is called as pictures are ({string.Join(", ", Images)}): name it");

    private static string? Find(DataRecord first, string[] names) => names.FirstOrDefault(first.Has);

    public int Count => source.Count;
    public EncodedImage this[int index] => Image(source[index]);
    public EncodedImage Get(int index, Pass pass) => Image(source.Get(index, pass));
    public bool IsDrawn => Drawn.Is(source);
    public bool Varies => source.Varies;
    public string? Origin(int index) => source.Origin(index);
    public int? ClassOf(int index) => source.ClassOf(index) ?? (label is null ? null : Label(source[index]));
    public IReadOnlyList<string> ClassNames => source.ClassNames;

    private EncodedImage Image(DataRecord record)
    {
        try { return Of(record); }
        catch (UsageException e) { throw new InvalidDataException(e.Message); } // whoever reads it names the sample
    }

    private EncodedImage Of(DataRecord record)
        => new(record.Bytes(ImageColumn(record)), label is null ? -1 : Label(record),
        name is null ? "" : record.Text(name))
        {
            Mask = mask is not null && record.Has(mask) ? record.Bytes(mask) : default,
        };

    private int Label(DataRecord record)
    {
        var value = record.Integer(label!);
        return value >= -1 && (ClassNames.Count == 0 || value < ClassNames.Count) ? (int)value
            : throw new UsageException($"its class is {value}, the data set has {ClassNames.Count}");
    }
}
