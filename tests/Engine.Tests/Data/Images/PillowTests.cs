using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Images;

/// <summary>Our pixels against those of Debian's Pillow and torchvision: golden.py has made golden.txt.</summary>
public class PillowTests
{
    private static readonly Dictionary<string,
        string> golden = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data/Images/golden.txt"))
        .ToDictionary(line => line[..line.LastIndexOf(' ')], line => line[(line.LastIndexOf(' ') + 1)..]);

    public static TheoryData<string> Names => [.. golden.Keys];

    /// <summary>The picture of golden.py.</summary>
    internal static Image Picture()
    {
        var image = new Image(97, 61);
        for (var y = 0; y < 61; y++)
            for (var x = 0; x < 97; x++)
                for (var c = 0; c < 3; c++)
                    image.Row(y)[3 * x + c] = (byte)((x / 24 + y / 24) % 2 == 0
                        ? (x * 2654435761L + y * 40503 + c * 9176 + x * y * 7) % 256
                        : 128 + 100 * ((x * (c + 1) + y) / 16 % 2));
        return image;
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA1.HashData(bytes));

    [Theory]
    [MemberData(nameof(Names))]
    public void The_bytes_are_those_of_Pillow(string name)
    {
        if (name == "normalised")
        {
            using var whole = Picture();
            var pixels = new float[3 * 97 * 61];
            new PixelTable(Normalisation.ImageNet, 3).Write(whole, pixels);
            Assert.Equal(golden[name], Hash(MemoryMarshal.AsBytes<float>(pixels)));
            return;
        }
        using var image = Make(name.Split(' '));
        Assert.Equal(golden[name], Hash(image.Pixels));
    }

    private static Image Make(string[] words)
    {
        var image = Picture();
        double Number(int i) => double.Parse(words[i], CultureInfo.InvariantCulture);
        int Whole(int i) => (int)Number(i);
        Image With(Action<Image> change)
        {
            change(image);
            return image;
        }
        Image Step(IImageStep step, bool isTraining = false)
        {
            var sample = new ImageSample(image, pass: isTraining ? new Pass(0) : null);
            step.Apply(sample, default);
            return sample.Image;
        }
        Image Move(double angle, double x = 0, double y = 0, double scale = 1, double shear = 0)
            => AffineWarp.Run(image, AffineMatrix.Of(97 * 0.5, 61 * 0.5, angle, x, y, scale, shear, 0));
        return words[0] switch
        {
            "picture" => image,
            "bilinear"
                => BilinearResize.Run(image, Whole(1), Whole(2), Whole(3) - Whole(1), Whole(4) - Whole(2), Whole(5),
                Whole(6)),
            "nearest"
                => NearestResize.Run(image, Whole(1), Whole(2), Whole(3) - Whole(1), Whole(4) - Whole(2), Whole(5),
                Whole(6)),
            "rotate" => Move(Number(1)),
            "affine" => Move(Number(1), Number(2), Number(3), Number(4), Number(5)),
            "shear" => AffineWarp.Run(image, AffineMatrix.Of(0, 0, 0, 0, 0, 1, Math.Atan(0.2) * 180 / Math.PI, 0)),
            "brightness" => With(i => Colours.Brightness(i, Number(1))),
            "contrast" => With(i => Colours.Contrast(i, Number(1))),
            "saturation" => With(i => Colours.Saturation(i, Number(1))),
            "sharpness" => With(i => Colours.Sharpness(i, Number(1))),
            "hue" => With(i => Colours.Hue(i, Number(1))),
            "posterize" => With(i => Tones.Posterize(i, Whole(1))),
            "solarize" => With(i => Tones.Solarize(i, Number(1))),
            "autocontrast" => With(i => { Colours.Contrast(i, 0.4); Tones.AutoContrast(i); }),
            "equalize" => With(Tones.Equalize),
            "grayscale" => Grayscale.Of(image),
            "resize" => Step(new Resize(Whole(1), null)),
            "center" => Step(new CenterCrop(Whole(1), Whole(1))),
            "mirrored" => Step(new Flip(1), true),
            "upside" => Step(new FlipUpsideDown(1), true),
            _ => throw new ArgumentException(words[0]),
        };
    }

    [Fact]
    public void Vectors_and_single_numbers_give_the_same_bytes()
    {
        var random = new CounterRandom(5, 0);
        using var image = Picture();
        for (var i = 0; i < 60; i++)
        {
            var (w, h) = (1 + random.Next(97), 1 + random.Next(61));
            var (x, y) = (random.Next(97 - w + 1), random.Next(61 - h + 1));
            var (toW, toH) = (1 + random.Next(130), 1 + random.Next(130));
            using var vectors = BilinearResize.Run(image, x, y, w, h, toW, toH);
            using var single = BilinearResize.Run(image, x, y, w, h, toW, toH, scalar: true);
            Assert.True(vectors.Pixels.SequenceEqual(single.Pixels), $"{w}x{h} at ({x}, {y}) to {toW}x{toH}");
        }
    }

    private const string Photos = "/usr/lib/python3/dist-packages/sklearn/datasets/images/";

    [SkippableTheory]
    [InlineData("china.jpg", "e0ecc385cebafb12917e373989ac6f8c93d33e29", "75f964ac312713aaf0f91be791f94376c1913628")]
    [InlineData("flower.jpg", "f97c9f3b69fc4131f374b274c1467552a277029f", "65a115d8897964c4d79f71421cd61b0229c88031")]
    public void Photos_are_decoded_and_resized_to_the_bytes_of_Pillow(string name, string whole, string part)
    {
        Skip.IfNot(File.Exists(Photos + name), "apt-get install python3-sklearn");
        Skip.IfNot(TurboJpeg.IsThere, "apt-get install libturbojpeg0");
        using var image = ImageFile.Decode(File.ReadAllBytes(Photos + name));
        Assert.Equal((640, 427, 3), (image.Width, image.Height, image.Channels));
        Assert.Equal(whole, Hash(image.Pixels));
        using var cut = BilinearResize.Run(image, 100, 50, 400, 300, 224, 224);
        Assert.Equal(part, Hash(cut.Pixels));
        if (name != "flower.jpg") return;
        var numbers = new float[3 * 224 * 224];
        new PixelTable(Normalisation.ImageNet, 3).Write(cut, numbers);
        Assert.Equal(-2.1179039, numbers[0], 1e-6);
        Assert.Equal(-0.4972548, numbers[2 * 224 * 224 + 100 * 224 + 100], 1e-6);
        Assert.Equal(-78996.528, numbers.Sum(n => (double)n), 0.01);
    }
}
