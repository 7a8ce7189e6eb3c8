namespace Interactive.Data;

/// <summary>
/// One picture on its way into a batch, with its mask, boxes and class. Steps change it; its picture is decoded when a
/// step first looks at it.
/// </summary>
public sealed class ImageSample : IDisposable
{
    private readonly EncodedImage? file;
    private Image? image, mask;
    private (int, int)? size;

    internal ImageSample(EncodedImage file, Pass pass, int number)
    {
        (this.file, Pass, Number, Class) = (file, pass, number, file.Class);
        (Boxes, HasBoxes) = ([.. file.Boxes], file.HasBoxes);
        if (file.Mask.IsEmpty) return;
        mask = ImageFile.DecodeMask(file.Mask.Span);
        if ((mask.Width, mask.Height) == Size) return;
        mask.Dispose();
        throw new InvalidDataException($"its mask has {mask.Width}x{mask.Height} pixels, the picture {Width}x{Height}");
    }

    /// <summary>A picture that is decoded already.</summary>
    /// <param name="image">Taken over.</param>
    /// <param name="mask">A class for each pixel, of the same size, taken over; null (default) for none.</param>
    /// <param name="boxes">Default none.</param>
    /// <param name="pass">Default evaluation.</param>
    public ImageSample(Image image, Image? mask = null, IReadOnlyList<Box>? boxes = null, Pass? pass = null)
    {
        (this.image, this.mask, Pass) = (image, mask, pass ?? Pass.Evaluation);
        Boxes = [.. boxes ?? []];
    }

    internal Pass Pass { get; }
    internal int Number { get; }
    internal bool HasBoxes { get; }

    /// <summary>Whether it may be changed at random.</summary>
    public bool IsTraining => Pass.IsTraining;
    /// <summary>Its class; -1 for none.</summary>
    public int Class { get; set; } = -1;
    /// <summary>What is where in it.</summary>
    public IReadOnlyList<Box> Boxes { get; private set; }
    /// <summary>Pixels of a row.</summary>
    public int Width => Size.Item1;
    /// <summary>Rows.</summary>
    public int Height => Size.Item2;
    private (int, int) Size
        => image is not null ? (image.Width, image.Height) : size ??= ImageFile.Size(file!.File.Span);

    /// <summary>The picture; the one before is disposed when it is replaced.</summary>
    public Image Image
    {
        get => image ??= ImageFile.Decode(file!.File.Span);
        set => Replace(ref image, value);
    }

    /// <summary>A class for each pixel; null for none.</summary>
    public Image? Mask
    {
        get => mask;
        set => Replace(ref mask, value);
    }

    /// <summary>
    /// Cuts out a part and brings it to a size: the picture as Pillow does, the mask by its nearest pixels.
    /// </summary>
    /// <param name="x">Left edge of the part.</param>
    /// <param name="y">Upper edge.</param>
    /// <param name="width">Its pixels of a row.</param>
    /// <param name="height">Its rows.</param>
    /// <param name="toWidth">Pixels of a row of the result.</param>
    /// <param name="toHeight">Rows of the result.</param>
    /// <param name="mayScale">Let a JPEG that is much larger than the result be decoded at a half or a quarter of its
    /// size; default false.</param>
    public void Resize(int x, int y, int width, int height, int toWidth, int toHeight, bool mayScale = false)
    {
        if (mask is not null) Mask = NearestResize.Run(mask, x, y, width, height, toWidth, toHeight);
        Boxes = [.. Boxes.Select(b => b.Within(x, y, width, height, toWidth, toHeight)).Where(b => b != default)];
        var divisor = 1;
        if (mayScale && image is null && ImageFile.CanScale(file!.File.Span))
            while (divisor < 4 && width / (2 * divisor) >= toWidth && height / (2 * divisor) >= toHeight) divisor *= 2;
        if (divisor == 1)
        {
            if (image is null && ImageFile.DecodeRows(file!.File.Span, y, y + height) is var (rows, first)) (image, y) = (rows, y - first);
            Image = BilinearResize.Run(Image, x, y, width, height, toWidth, toHeight);
            return;
        }
        image = ImageFile.Decode(file!.File.Span, divisor);
        var (left, top) = (x / divisor, y / divisor);
        Image = BilinearResize.Run(image, left, top, Math.Min(width / divisor, image.Width - left),
            Math.Min(height / divisor, image.Height - top), toWidth, toHeight);
    }

    /// <summary>Cuts out a part; what lies outside is black, and class 0 in the mask.</summary>
    public void Crop(int x, int y, int width, int height)
    {
        if (mask is not null) Mask = mask.Crop(x, y, width, height);
        Boxes = [.. Boxes.Select(b => b.Within(x, y, width, height, width, height)).Where(b => b != default)];
        Image = Image.Crop(x, y, width, height);
    }

    /// <summary>Puts other boxes in place of these; the default takes one away.</summary>
    public void Move(Func<Box, Box> box) => Boxes = [.. Boxes.Select(box).Where(b => b != default)];

    private static void Replace(ref Image? old, Image? image)
    {
        if (!ReferenceEquals(old, image)) old?.Dispose();
        old = image;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        image?.Dispose();
        mask?.Dispose();
    }
}
