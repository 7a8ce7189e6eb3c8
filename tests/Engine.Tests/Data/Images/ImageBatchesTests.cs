using Interactive.Data;
using Interactive.Engine.Tests.Data.Loading;
using Interactive.Graphs;
using SkiaSharp;

namespace Interactive.Engine.Tests.Data.Images;

public class ImageBatchesTests
{
    private static ImagePipeline Usual(ImagePipeline x)
        => x.RandomResizedCrop(24).Flip().ColorJitter(0.4, 0.4, 0.4, 0.1).RandAugment().Erase().Normalize(ImageNet.Mean,
        ImageNet.Std);

    internal static void Write(TemporaryFiles files, int each = 12)
    {
        for (var i = 0; i < each; i++)
        {
            var shade = i;
            Pictures.Write(files[$"cat/{i:00}.png"], 40 + i, 33,
                (x, y) => new SKColor((byte)(x * 5), (byte)(y * 7 + shade), (byte)(x * y)), SKAlphaType.Opaque);
            Pictures.Write(files[$"dog/deep/{i:00}.jpg"], 31, 37 + i,
                (x, y) => new SKColor((byte)(x * 3 + y), (byte)(y * 2), (byte)(shade * 9)), SKAlphaType.Opaque);
        }
    }

    [Fact]
    public void A_folder_is_read_the_same_by_any_threads_and_ranks()
    {
        using var files = new TemporaryFiles();
        Write(files);
        var images = Dataset.FromFolder(files.Folder).Images(Usual);
        Assert.Equal((24, new Shape(3, 24, 24), 2), (images.Count, images.Shape, images.Classes));
        Assert.Equal(["cat", "dog"], images.ClassNames);
        var expected = Streams.Hash(images);
        foreach (var (workers, ranks) in ((int, int)[])[(2, 1), (8, 2),
            (3, 4)]) Assert.Equal(expected, Streams.Hash(images, workers, ranks));
        Assert.Equal(expected, Streams.Hash(Dataset.FromFolder(files.Folder).Cached().Images(Usual), 2));
        var whole = Streams.Steps(images, 0);
        Assert.Equal(whole[1..], Streams.Steps(images, 1));
        // in evaluation nothing is random
        using var first = images.Read([3, 20]);
        using var second = images.Read([3, 20]);
        Assert.Equal(first.Input.bytes.ToArray(), second.Input.bytes.ToArray());
        Assert.Equal([0L, 1L], first.Target.data<long>().ToArray());
    }

    [Fact]
    public void Another_step_changes_no_other_step_s_numbers()
    {
        using var files = new TemporaryFiles();
        Write(files, 2);
        var folder = Dataset.FromFolder(files.Folder);
        byte[] Pixels(Func<ImagePipeline, ImagePipeline> steps)
        {
            using var sample = folder.Images(steps).Sample(1, epoch: 4, seed: 9);
            return sample.Image.Pixels.ToArray();
        }
        Assert.Equal(Pixels(x => x.RandomCrop(16)),
            Pixels(x => x.Then("nothing", (_, random) => random.Next()).Flip(0).RandomCrop(16)));
        Assert.NotEqual(Pixels(x => x.RandomCrop(16)), Pixels(x => x.RandomCrop(16).RandomCrop(16, padding: 4)));
    }

    [Fact]
    public void Masks_and_boxes_follow_their_picture()
    {
        // the picture's red channel, its mask and a box mark one rectangle; wherever the picture goes, they go
        using var files = new TemporaryFiles();
        bool Inside(int x, int y) => x is >= 20 and < 60 && y is >= 16 and < 40;
        Pictures.Write(files["images/a.png"], 80, 60, (x, y) => Inside(x, y) ? SKColors.Red : SKColors.Black,
            SKAlphaType.Opaque);
        WriteGrey(files["masks/a.png"], 80, 60, (x, y) => Inside(x, y) ? (byte)1 : (byte)0);
        var source = Dataset.FromFolders(files["images"], files["masks"])
            .Map(image => image with { Boxes = [new Box(20, 16, 60, 40, 7)] });
        var images = source
            .Images(x => x.RandomResizedCrop(48, leastArea: 0.4).Flip().FlipUpsideDown().Affine(20, 0.1, 0.9, 1.1));
        for (var epoch = 0; epoch < 40; epoch++)
        {
            using var sample = images.Sample(0, epoch);
            var (left, top, right, bottom) = (48, 48, 0, 0);
            for (var y = 0; y < 48; y++)
                for (var x = 0; x < 48; x++)
                {
                    var red = sample.Image.Row(y)[3 * x];
                    if (red is > 20 and < 235) continue; // an edge
                    Assert.Equal(red > 127 ? 1 : 0, sample.Mask!.Row(y)[x]);
                    if (red > 127)
                        (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1),
                        Math.Max(bottom, y + 1));
                }
            if (right == 0) continue;
            var box = Assert.Single(sample.Boxes);
            Assert.Equal(7, box.Class);
            Assert.True(box.Left <= left + 1 && box.Top <= top + 1 && box.Right >= right - 1
                && box.Bottom >= bottom - 1, $"{box} around {left} {top} {right} {bottom}");
        }
        using var batch = images.Read([0], 0);
        Assert.Equal(["mask", "boxes"], batch.NamedTargets.Select(t => t.Name));
        Assert.Equal([1, 48, 48], batch.Target.shape);
    }

    [Fact]
    public void A_box_that_has_left_the_picture_is_gone()
    {
        var sample = new ImageSample(new Image(40, 30, 3), null, [new Box(2, 2, 8, 8, 3), new Box(20, 10, 30, 20, 4)], new Pass(0));
        sample.Move(b => b.Class == 3 ? default : b);
        Assert.Equal([4], sample.Boxes.Select(b => b.Class));
        using var files = new TemporaryFiles();
        Pictures.Write(files["a/a.png"], 40, 30, (x, y) => SKColors.Red, SKAlphaType.Opaque);
        var images = Dataset.FromFolder(files[""]).Map(image => image with { Boxes = [new Box(2, 2, 8, 8, 3), new Box(20, 10, 30, 20, 4)] })
            .Images(x => x.Affine(0, shift: 0.9).Flip().RandAugment(3, 30));
        var left = 0;
        for (var epoch = 0; epoch < 60; epoch++)
        {
            using var moved = images.Sample(0, epoch);
            left += 2 - moved.Boxes.Count;
            Assert.All(moved.Boxes, b => Assert.True(b.Class is 3 or 4 && b.Right > b.Left && b.Bottom > b.Top, $"{b}"));
        }
        Assert.InRange(left, 20, 110);
    }

    internal static void WriteGrey(string path, int width, int height, Func<int, int, byte> value)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Gray8, SKAlphaType.Opaque));
        for (var y = 0; y < height; y++)
            for (var x = 0; x < width; x++)
                System.Runtime.InteropServices.Marshal.WriteByte(bitmap.GetPixels(), y * bitmap.RowBytes + x,
                value(x, y));
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, data.ToArray());
    }

    [Fact]
    public void What_is_wrong_with_pictures_is_told_in_one_line_with_the_file()
    {
        using var files = new TemporaryFiles();
        Write(files, 2);
        Directory.CreateDirectory(files["empty"]);
        Assert.StartsWith($"{files["empty"]}: class 'empty' has no picture (.jpg",
            Assert.Throws<UsageException>(() => Dataset.FromFolder(files.Folder)).Message);
        Directory.Delete(files["empty"]);
        string Error(string name, byte[] bytes)
        {
            var path = files[$"dog/{name}"];
            File.WriteAllBytes(path, bytes);
            var images = Dataset.FromFolder(files.Folder).Images(x => x.Resize(8, 8));
            var message = Assert.Throws<UsageException>(() => Streams.Hash(images, 2, globalBatch: 5)).Message;
            File.Delete(path);
            Assert.StartsWith("sample 2 (" + path + ") cannot be read: ", message);
            Assert.DoesNotContain('\n', message);
            return message[(message.IndexOf("read: ") + 6)..];
        }
        var jpeg = File.ReadAllBytes(files["dog/deep/00.jpg"]);
        var png = File.ReadAllBytes(files["cat/00.png"]);
        Assert.EndsWith("is damaged (cut short)", Error("a.jpg", jpeg[..(jpeg.Length / 2)]));
        Assert.Equal("the picture is damaged (cut short)", Error("a.jpg", jpeg[..^40]));
        Assert.Equal("the picture is damaged (cut short)", Error("a.png", png[..(png.Length / 2)]));
        Assert.StartsWith("it is not a picture", Error("a.png", "text"u8.ToArray()));
        Assert.StartsWith("it is not a picture", Error("a.png", []));
        byte[] bomb = [.. png];
        (bomb[16], bomb[20]) = (0x7F, 0x7F); // width and height, whose checksum is made to fit
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(bomb.AsSpan(29), Crc(bomb.AsSpan(12, 17)));
        Assert.Contains(Error("a.png", bomb),
            (string[])["it claims 2130706472x2130706465 pixels, more than the 178956970 that are decoded",
            "it is not a picture, or its header is damaged (JPEG, PNG, WebP, BMP and GIF can be decoded)"]);
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++) crc = crc >> 1 ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        return ~crc;
    }

    [Fact]
    public void Pictures_of_other_sizes_are_refused_with_what_helps()
    {
        using var files = new TemporaryFiles();
        Write(files, 2);
        var images = Dataset.FromFolder(files.Folder).Images(x => x.Resize(8));
        var message = Assert.Throws<UsageException>(() => images.Read([0, 1, 2, 3])).Message;
        Assert.Contains("the first is 3x8x9: end with a step that gives all one size", message);
        Assert.StartsWith("sample 2 (", message);
    }

    [Fact]
    public void Grey_pictures_have_one_channel()
    {
        using var files = new TemporaryFiles();
        Write(files, 2);
        var images = Dataset.FromFolder(files.Folder).Images(x => x.Grayscale().Resize(8, 8).Normalize([0.5f], [0.5f]));
        Assert.Equal(new Shape(1, 8, 8), images.Shape);
        using var batch = images.Read([0]);
        Assert.InRange(batch.Input.min().item<float>(), -1, 1);
    }

    [SkippableFact]
    public void Inks_become_the_colours_that_Pillow_makes_of_them()
    {
        Skip.IfNot(TurboJpeg.IsThere, "apt-get install libturbojpeg0");
        using var image = ImageFile.Decode(Convert.FromBase64String(CmykJpeg.Base64));
        Assert.Equal(CmykJpeg.Sha1, Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData(image.Pixels)));
    }

    [SkippableFact]
    public void A_large_photo_may_be_decoded_at_a_fraction_of_its_size()
    {
        Skip.IfNot(TurboJpeg.IsThere, "apt-get install libturbojpeg0");
        using var files = new TemporaryFiles();
        Pictures.Write(files["a/1.jpg"], 640, 480, (x, y) => new SKColor((byte)(x / 4), (byte)(y / 2), 90),
            SKAlphaType.Opaque);
        var folder = Dataset.FromFolder(files.Folder);
        for (var epoch = 0; epoch < 5; epoch++)
        {
            using var exact = folder.Images(x => x.RandomResizedCrop(64, 0.5, exactPixels: true)).Sample(0, epoch);
            using var scaled = folder.Images(x => x.RandomResizedCrop(64, 0.5)).Sample(0, epoch);
            var (a, b) = (exact.Image.Pixels.ToArray(), scaled.Image.Pixels.ToArray());
            Assert.NotEqual(a, b);
            Assert.True(a.Zip(b, (p, q) => Math.Abs(p - q)).Max() <= 6, "another part");
        }
    }
}
