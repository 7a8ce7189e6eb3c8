using Interactive.Data;
using Interactive.Graphs;
using SkiaSharp;

namespace Interactive.Engine.Tests.Data.Images;

public class ImageFolderTests
{
    private static readonly Normalisation Plain = new([0, 0, 0], [1, 1, 1]);

    private static float[] Pixels(ImageFolder folder, int index)
    {
        var pixels = new float[folder.Shape.Elements];
        folder.Read(index, pixels);
        return pixels;
    }

    [Fact]
    public void Classes_are_the_sorted_folders_and_pictures_lie_anywhere_below()
    {
        using var files = new TemporaryFiles();
        Pictures.Write(files["wolf/b.webp"], SKColors.Blue);
        Pictures.Write(files["cat/deep/er/a.png"], SKColors.Red);
        Pictures.Write(files["cat/c.JPG"], SKColors.Red);
        files.Write("cat/notes.txt", "no picture");
        Pictures.Write(files["outside.png"], SKColors.Red);
        var (train, valid) = ImageFolder.Load(files.Folder, size: 8, validation: 0.34, normalisation: Plain);
        Assert.Equal(["cat", "wolf"], train.ClassNames);
        Assert.Equal((2, new Shape(3, 8, 8), 2, 1), (train.Classes, train.Shape, train.Count, valid.Count));
        foreach (var part in (ImageFolder[])[train, valid])
            for (var i = 0; i < part.Count; i++)
            {
                var isWolf = part.Files[i].Contains("wolf");
                Assert.Equal(isWolf ? 1 : 0, part.Read(i, new float[192]));
                Assert.InRange(Pixels(part, i)[isWolf ? 2 * 64 : 0], 0.98f, 1); // blue or red
            }
        Assert.Equal(3, train.Files.Concat(valid.Files).Distinct().Count());
    }

    [Fact]
    public void A_ring_of_links_ends_and_links_to_pictures_count()
    {
        using var files = new TemporaryFiles();
        foreach (var name in (string[])["cat/a.png", "cat/b.png", "dog/c.png"])
            Pictures.Write(files[name], SKColors.Red);
        Directory.CreateSymbolicLink(files["cat/ring"], files.Folder);
        Directory.CreateSymbolicLink(files["cat/more"], files["dog"]);
        File.CreateSymbolicLink(files["dog/d.png"], files["dog/c.png"]);
        var (train, valid) = ImageFolder.Load(files.Folder, size: 8, validation: 0.5);
        Assert.Equal(["cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png"],
            train.Files.Concat(valid.Files).Select(path => Path.GetRelativePath(files.Folder, path)).Order());
    }

    [Fact]
    public void The_shorter_side_is_brought_to_the_size_and_the_middle_cut_out()
    {
        using var files = new TemporaryFiles();
        // 32 x 16: red, green, green, blue quarters; the middle is green
        Pictures.Write(files["a/1.png"], 32, 16,
            (x, _) => x < 8 ? SKColors.Red : x < 24 ? SKColors.Lime : SKColors.Blue);
        Pictures.Write(files["a/2.png"], 16, 32,
            (_, y) => y < 8 ? SKColors.Red : y < 24 ? SKColors.Lime : SKColors.Blue);
        var (train, valid) = ImageFolder.Load(files.Folder, size: 8, validation: 0.5, normalisation: Plain);
        foreach (var part in (ImageFolder[])[train, valid])
        {
            var pixels = Pixels(part, 0);
            // bilinear means reach one pixel over the cut at the very edge
            for (var y = 1; y < 7; y++)
                for (var x = 1; x < 7; x++)
                    Assert.Equal((0, 1, 0), (pixels[y * 8 + x], pixels[64 + y * 8 + x], pixels[128 + y * 8 + x]));
        }
    }

    [Fact]
    public void Numbers_are_normalised_and_what_is_transparent_is_white()
    {
        using var files = new TemporaryFiles();
        Pictures.Write(files["a/1.png"], 4, 4, (_, _) => new SKColor(255, 0, 0, 0));
        Pictures.Write(files["a/2.png"], 4, 4, (_, _) => new SKColor(255, 0, 0, 0));
        var (train, _) = ImageFolder.Load(files.Folder, size: 4, validation: 0.5);
        var pixels = Pixels(train, 0);
        for (var c = 0; c < 3; c++)
            Assert.Equal((1 - Normalisation.ImageNet.Mean[c]) / Normalisation.ImageNet.Deviation[c], pixels[16 * c],
            1e-5f);
    }

    [Fact]
    public void A_small_cache_and_several_threads_give_the_same_numbers()
    {
        using var files = new TemporaryFiles();
        for (var i = 0; i < 20; i++) Pictures.Write(files[$"a/{i:00}.png"], new SKColor((byte)(12 * i), 0, 0));
        var (kept, _) = ImageFolder.Load(files.Folder, 8, validation: 0.1);
        var (bounded, _) = ImageFolder.Load(files.Folder, 8, validation: 0.1, cacheBytes: 3 * 8 * 8 * 4);
        var expected = Enumerable.Range(0, kept.Count).Select(i => Pixels(kept, i)).ToArray();
        Parallel.For(0, 200, i => Assert.Equal(expected[i % kept.Count], Pixels(bounded, i % kept.Count)));
    }

    [Fact]
    public void A_seed_chooses_the_parts()
    {
        using var files = new TemporaryFiles();
        for (var i = 0; i < 30; i++) Pictures.Write(files[$"a/{i:00}.png"], SKColors.Red);
        IReadOnlyList<string> Valid(ulong seed) => ImageFolder.Load(files.Folder, 8, seed: seed).Valid.Files;
        Assert.Equal(6, Valid(1).Count);
        Assert.Equal(Valid(1), Valid(1));
        Assert.NotEqual(Valid(1), Valid(2));
    }

    [Fact]
    public void A_damaged_picture_is_named()
    {
        using var files = new TemporaryFiles();
        var whole = File.ReadAllBytes(Pictures.Write(files["a/1.png"], 64, 64,
            (x, y) => new SKColor((byte)(x * y), (byte)(x ^ y), (byte)(7 * x))));
        File.WriteAllBytes(files["a/1.png"], whole[..(whole.Length / 2)]);
        files.Write("a/2.png", "this is no picture");
        var (train, valid) = ImageFolder.Load(files.Folder, 8, validation: 0.5);
        var messages =
            new[] { train, valid }.Select(part => Assert.Throws<UsageException>(() => Pixels(part, 0)).Message).Order()
            .ToArray();
        Assert.Equal($"{files["a/1.png"]}: the picture is damaged (cut short)", messages[0]);
        Assert.StartsWith($"{files["a/2.png"]}: not a picture that can be decoded", messages[1]);
    }

    [Fact]
    public void A_folder_that_does_not_fit_is_refused()
    {
        using var files = new TemporaryFiles();
        Assert.Equal("/nowhere: there is no such folder of pictures",
            Assert.Throws<UsageException>(() => ImageFolder.Load("/nowhere", 8)).Message);
        Assert.Contains("there is no subfolder",
            Assert.Throws<UsageException>(() => ImageFolder.Load(files.Folder, 8)).Message);
        Directory.CreateDirectory(files["empty"]);
        Assert.Contains("class 'empty' has no picture",
            Assert.Throws<UsageException>(() => ImageFolder.Load(files.Folder, 8)).Message);
        Pictures.Write(files["empty/1.png"], SKColors.Red);
        Assert.Contains("a share of 0.2 of 1 pictures for validation leaves one part empty",
            Assert.Throws<UsageException>(() => ImageFolder.Load(files.Folder, 8)).Message);
    }
}
