using Interactive.Data;
using SkiaSharp;
using TorchSharp;

namespace Interactive.Engine.Tests.Data.Images;

public class MaskTests
{
    [Fact]
    public void Alpha_is_the_mask_and_a_drawn_colour_shows_through()
    {
        using var files = new TemporaryFiles();
        foreach (var name in (string[])["1.png", "deep/2.png"]) // the left half is there
            Pictures.Write(files[name], 8, 8, (x, _) => x < 4 ? SKColors.Red : SKColors.Transparent);
        Pictures.Write(files["opaque.jpg"], SKColors.Red);
        var (train, valid) = AlphaMasks.Load(files.Folder, size: 8, validation: 0.5);
        Assert.Equal((1, 1), (train.Count, valid.Count)); // the opaque one has no mask to learn
        using var batch = train.Read([0], epoch: 0, seed: 5);
        Assert.Equal(["image", "mask"], [batch.NamedInputs[0].Name, batch.NamedTargets[0].Name]);
        Assert.Equal(new long[] { 1, 8, 8 }, batch.Target.shape);
        Assert.Equal(torch.ScalarType.Int64, batch.Target.dtype);
        for (var x = 0; x < 8; x++) Assert.Equal(x < 4 ? 1 : 0, batch.Target[0, 3, x].item<long>());

        using var again = train.Read([0], epoch: 0, seed: 5);
        using var later = train.Read([0], epoch: 1, seed: 5);
        using var quiet = train.Read([0]);
        using var quietAgain = train.Read([0]);
        Assert.Equal(batch.Input.data<float>().ToArray(), again.Input.data<float>().ToArray());
        Assert.Equal(quiet.Input.data<float>().ToArray(), quietAgain.Input.data<float>().ToArray());
        Assert.NotEqual(batch.Input[0, 0, 0, 7].item<float>(), later.Input[0, 0, 0, 7].item<float>());
        // the picture itself stays
        Assert.Equal(batch.Input[0, 0, 0, 0].item<float>(), later.Input[0, 0, 0, 0].item<float>());
    }

    [Fact]
    public void Masks_are_found_by_name_and_255_does_not_count()
    {
        using var files = new TemporaryFiles();
        for (var i = 0; i < 2; i++)
        {
            Pictures.Write(files[$"images/{i}.jpg"], SKColors.Red);
            Pictures.Write(files[$"masks/{i}.png"], 12, 12,
                (x, y) => y == 0 ? SKColors.White : x < 6 ? SKColors.Black : new SKColor(2, 2, 2));
        }
        var (train, valid) = MaskFolder.Load(files["images"], files["masks"], size: 12, classes: 3, validation: 0.5);
        using var batch = train.Read([0]);
        Assert.Equal([-100, 0, 2],
            [batch.Target[0, 0, 0].item<long>(), batch.Target[0, 1, 5].item<long>(),
            batch.Target[0, 11, 6].item<long>()]);

        var (narrow, _) = MaskFolder.Load(files["images"], files["masks"], 12, classes: 2, validation: 0.5);
        Assert.Contains("pixel (6, 1) has the value 2, which is none of the 2 classes nor 255",
            Assert.Throws<UsageException>(() => narrow.Read([0])).Message);
        File.Delete(files["masks/1.png"]);
        Assert.Contains("there is no mask '1.png' in",
            Assert.Throws<UsageException>(() => MaskFolder.Load(files["images"], files["masks"], 12, 3)).Message);
    }

    [SkippableFact]
    public void Debians_icons_are_read_whole()
    {
        const string Icons = "/usr/share/icons/Adwaita/48x48";
        Skip.IfNot(Directory.Exists(Icons), "apt-get install adwaita-icon-theme");
        var (train, valid) = AlphaMasks.Load(Icons, size: 16);
        using var all = train.Read([.. Enumerable.Range(0, train.Count)], epoch: 3);
        using var held = valid.Read([.. Enumerable.Range(0, valid.Count)]);
        Assert.InRange(all.Target.to(torch.ScalarType.Float32).mean().item<float>(), 0.1f, 0.9f);
        Assert.True(torch.isfinite(all.Input).all().item<bool>() && torch.isfinite(held.Input).all().item<bool>());
    }
}
