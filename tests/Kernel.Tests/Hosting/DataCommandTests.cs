using System.Text.Json;
using Interactive.Kernel.Tests.Scripting;
using SkiaSharp;

namespace Interactive.Kernel.Tests.Hosting;

public class DataCommandTests
{
    private static void Write(string path, int width, int height, SKColor colour)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(width, height);
        bitmap.Erase(colour);
        using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, data.ToArray());
    }

    private static JsonElement Last(string output) => JsonDocument.Parse(output.TrimEnd().Split('\n')[^1]).RootElement;

    [Fact]
    public async Task Pictures_are_counted_shown_checked_measured_and_packed()
    {
        using var folder = new TemporaryFolder();
        string At(string name) => Path.Combine(folder.Path, name);
        for (var i = 0; i < 6; i++) Write(At($"set/red/{i}.png"), 40 + i, 30, SKColors.Red);
        for (var i = 0; i < 3; i++) Write(At($"set/blue/{i}.png"), 20, 35, SKColors.Blue);

        var (exit, output, error) = await InteractiveProcess.Run("data", "info", At("set"), "--json");
        Assert.True(exit == 0, error);
        var info = Last(output);
        Assert.Equal((9, 20, 45),
            (info.GetProperty("samples").GetInt32(), info.GetProperty("minWidth").GetInt32(),
            info.GetProperty("maxWidth").GetInt32()));
        Assert.Equal([("blue", 3), ("red", 6)],
            info.GetProperty("classes").EnumerateArray()
            .Select(c => (c.GetProperty("name").GetString(), c.GetProperty("samples").GetInt32())));

        (exit, output,
            error) = await InteractiveProcess.Run("data", "show", At("set"), At("sheet.png"), "--steps",
            "square=32,flip", "--count", "9", "--epochs", "0");
        Assert.True(exit == 0, error);
        using (var sheet = SKBitmap.Decode(At("sheet.png")))
        {
            // three by three cells; each picture's middle has its class's colour
            var colours =
                Enumerable.Range(0, 9).Select(i => sheet.GetPixel(6 + i % 3 * 38 + 16, 6 + i / 3 * 56 + 18 + 16))
                .ToArray();
            Assert.Equal(3, colours.Count(c => c == SKColors.Blue));
            Assert.Equal(6, colours.Count(c => c == SKColors.Red));
        }
        (exit, _,
            error) = await InteractiveProcess.Run("data", "show", At("set"), At("sheet.html"), "--steps",
            "random-crop=16", "--count", "2");
        Assert.True(exit == 0, error);
        var page = File.ReadAllText(At("sheet.html"));
        Assert.Contains("data:image/png;base64,", page);
        Assert.DoesNotContain("http", page.Replace("data:image", ""));

        (exit, output,
            error) = await InteractiveProcess.Run("data", "bench", At("set"), "--steps", "random-resized-crop=16",
            "--samples", "20", "--batch", "5", "--workers", "2", "--json");
        Assert.True(exit == 0, error);
        Assert.Equal((20, 2),
            (Last(output).GetProperty("samples").GetInt32(), Last(output).GetProperty("workers").GetInt32()));

        foreach (var format in (string[])["mds", "wds"])
        {
            (exit, _,
                error) = await InteractiveProcess.Run("data", "pack", At("set"), At(format), "--format", format,
                "--shard", "500");
            Assert.True(exit == 0, error);
            (exit, output, error) = await InteractiveProcess.Run("data", "verify", At(format), "--json");
            Assert.True(exit == 0, error);
            Assert.Equal(9, Last(output).GetProperty("samples").GetInt32());
        }

        var shard = Directory.GetFiles(At("mds"), "*.mds").Order().First();
        var bytes = File.ReadAllBytes(shard);
        bytes[^3] ^= 0x55;
        File.WriteAllBytes(shard, bytes);
        (exit, _, error) = await InteractiveProcess.Run("data", "verify", At("mds"));
        Assert.Equal(1, exit);
        Assert.Contains($"{shard}: its SHA-1 is", error);

        File.WriteAllBytes(At("set/red/3.png"), File.ReadAllBytes(At("set/red/3.png"))[..60]);
        (exit, output, error) = await InteractiveProcess.Run("data", "verify", At("set"));
        Assert.Equal((1, "9 pictures, 1 problem\n"), (exit, output));
        Assert.StartsWith($"sample 6 ({At("set/red/3.png")}) cannot be read: ", error);
        (exit, _, error) = await InteractiveProcess.Run("data", "pack", At("set"), At("again"));
        Assert.Equal(0, exit); // bytes are packed as they are
    }

    [Theory]
    [InlineData("there is no such folder", "info", "/nowhere")]
    [InlineData("unknown step 'sharpen': choose resize=N", "show", "SET", "--steps", "sharpen")]
    [InlineData("step 'resize' needs a number", "bench", "SET", "--steps", "resize")]
    [InlineData("a contact sheet's name ends in .html or .png", "show", "SET", "sheet.gif")]
    [InlineData("unknown format 'zip': choose mds, wds or parquet", "pack", "SET", "OUT", "--format", "zip")]
    [InlineData("workers must be 1 to 1024", "bench", "SET", "--workers", "-2")]
    public async Task Bad_input_is_one_line_and_exit_2(string message, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        Write(Path.Combine(folder.Path, "set", "red", "0.png"), 4, 4, SKColors.Red);
        string[] given =
            [.. arguments.Select(a
            => a == "SET" ? Path.Combine(folder.Path, "set") : a == "OUT" ? Path.Combine(folder.Path, "out") : a)];
        var (exit, _, error) = await InteractiveProcess.Run(["data", .. given]);
        Assert.Equal(2, exit);
        Assert.Contains(message, error);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.False(Path.Exists(Path.Combine(folder.Path, "out")));
    }
}
