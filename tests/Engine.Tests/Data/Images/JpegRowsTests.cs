using System.Diagnostics;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Images;

public sealed class JpegRowsTests : IDisposable
{
    private const string Encoder = "/usr/bin/cjpeg";

    private readonly TemporaryFiles files = new();

    public void Dispose() => files.Dispose();

    private static void Need()
    {
        Skip.IfNot(TurboJpeg.IsThere, "libturbojpeg0 is not installed");
        Skip.IfNot(File.Exists(Encoder) && File.Exists("/usr/bin/jpegtran"), "libjpeg-turbo-progs is not installed");
    }

    // A picture in which every row and column differs.
    private byte[] Jpeg(int width, int height, params string[] options)
    {
        var (random, grey) = (new Random(7), options.Contains("-grayscale"));
        using var picture = File.Create(files["p.ppm"]);
        picture.Write(System.Text.Encoding.ASCII.GetBytes($"P6 {width} {height} 255\n"));
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
                picture.Write([(byte)(127 + 120 * Math.Sin(x / 9.0 + y / 5.0)), (byte)(x * 3 + y * 2), (byte)random.Next(256)]);
        picture.Close();
        using var process = Process.Start(Encoder, [.. options, "-quality", "90", "-outfile", files["p.jpg"], files["p.ppm"]])!;
        process.WaitForExit();
        return File.ReadAllBytes(files["p.jpg"]);
    }

    [SkippableTheory]
    [InlineData(250, 187, "-sample 2x2")] // 4:2:0, as photos are
    [InlineData(250, 187, "-sample 2x1")]
    [InlineData(250, 187, "-sample 1x2")]
    [InlineData(250, 187, "-sample 1x1")]
    [InlineData(64, 400, "-sample 2x2")]
    [InlineData(250, 187, "-grayscale")]
    [InlineData(250, 187, "-progressive")] // becomes a baseline one
    public void Rows_decoded_alone_are_those_of_the_whole_picture(int width, int height, string options)
    {
        Need();
        var file = Jpeg(width, height, options.Split(' '));
        Assert.Null(ImageFile.DecodeRows(file, 40, 60)); // as it comes from the encoder
        var packed = RowJpeg.Of(file).Span;
        using var whole = ImageFile.Decode(file);
        using (var same = ImageFile.Decode(packed)) Assert.True(whole.Pixels.SequenceEqual(same.Pixels));
        var random = new Random(3);
        var (asked, decoded, alone) = (0L, 0L, 0);
        for (var i = 0; i < 200; i++)
        {
            var from = random.Next(height);
            var to = from + 1 + random.Next(height - from);
            if (ImageFile.DecodeRows(packed, from, to) is not var (rows, first)) continue;
            using var part = rows;
            Assert.True(first <= from && first + part.Height >= to);
            for (var y = from; y < to; y++)
                Assert.True(whole.Row(y).SequenceEqual(part.Row(y - first)), $"row {y} of {from} to {to}");
            (asked, decoded, alone) = (asked + to - from, decoded + part.Height, alone + 1);
        }
        Assert.True(alone > 100, $"{alone} of 200 were decoded alone");
        Assert.True(decoded - asked <= alone * 4 * 16); // at most two rows of blocks more on either side
    }

    [SkippableFact]
    public void Batches_of_packed_pictures_are_those_of_the_pictures()
    {
        Need();
        EncodedImage[] pictures = [.. new[] { "2x2", "1x1", "2x1" }.Select(s => new EncodedImage(Jpeg(200, 150, "-sample", s)))];
        var packed = pictures.Select(p => p with { File = RowJpeg.Of(p.File) }).ToArray();
        string Hash(EncodedImage[] of) => Loading.Streams.Hash(Dataset.Of(of).Images(x => x.RandomResizedCrop(96).Flip()), globalBatch: 3);
        Assert.Equal(Hash(pictures), Hash(packed));
    }

    [SkippableFact]
    public void A_picture_that_is_cut_or_out_of_order_is_decoded_whole_and_told()
    {
        Need();
        var packed = RowJpeg.Of(Jpeg(250, 187, "-sample", "2x2")).ToArray();
        Assert.NotNull(ImageFile.DecodeRows(packed, 40, 60));
        Assert.Null(ImageFile.DecodeRows(packed, 0, 187));
        Assert.Null(ImageFile.DecodeRows(packed.AsSpan(..^100), 40, 60)); // the whole decoder says what is wrong
        Assert.Throws<InvalidDataException>(() => ImageFile.Decode(packed.AsSpan(..^100)));
        var at = packed.AsSpan().IndexOf([(byte)0xFF, (byte)0xD3]);
        packed[at + 1] = 0xD5;
        Assert.Null(ImageFile.DecodeRows(packed, 40, 60));
        byte[] png = [0x89, 0x50, 0x4E, 0x47];
        Assert.True(RowJpeg.Of(png).Span.SequenceEqual(png));
        Assert.Contains("jpegtran: ", Assert.Throws<InvalidDataException>(() => RowJpeg.Of(new byte[] { 0xFF, 0xD8, 0xFF, 0 })).Message);
    }

    [SkippableFact]
    public void Damaged_files_never_do_more_than_throw()
    {
        Need();
        var packed = RowJpeg.Of(Jpeg(120, 90, "-sample", "2x2")).ToArray();
        var random = new Random(5);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = packed.ToArray();
            for (var n = random.Next(1, 6); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try { ImageFile.DecodeRows(bytes[..random.Next(2, bytes.Length + 1)], 20, 40)?.Image.Dispose(); }
            catch (InvalidDataException) { }
        }
        // a decoder that has met a damaged header is not used again
        for (var i = 0; i < 50; i++) ImageFile.Decode(packed).Dispose();
    }
}
