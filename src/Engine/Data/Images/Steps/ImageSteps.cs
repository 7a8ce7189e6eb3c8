using System.Globalization;

namespace Interactive.Data;

/// <summary>Steps as a command line writes them: <c>random-resized-crop=224,flip,jitter=0.4</c>.</summary>
public static class ImageSteps
{
    private static readonly Dictionary<string,
        (double? Default, Func<ImagePipeline, double, ImagePipeline> Add)> known = new()
        {
            ["resize"] = (null, (x, n) => x.Resize((int)n)),
            ["square"] = (null, (x, n) => x.Resize((int)n, (int)n)),
            ["center-crop"] = (null, (x, n) => x.CenterCrop((int)n)),
            ["random-crop"] = (null, (x, n) => x.RandomCrop((int)n, padding: (int)n / 8)),
            ["random-resized-crop"] = (null, (x, n) => x.RandomResizedCrop((int)n)),
            ["flip"] = (0.5, (x, p) => x.Flip(p)),
            ["rotate"] = (15, (x, degrees) => x.Rotate(degrees)),
            ["jitter"] = (0.4, (x, amount) => x.ColorJitter(amount, amount, amount, Math.Min(0.5, amount / 4))),
            ["rand-augment"] = (9, (x, strength) => x.RandAugment(strength: (int)strength)),
            ["erase"] = (0.5, (x, p) => x.Erase(p)),
            ["grayscale"] = (0, (x, _) => x.Grayscale()),
        };

    /// <summary>The names, with <c>=N</c> behind those that need a number.</summary>
    public static IReadOnlyList<string> Names => [.. known.Select(k => k.Value.Default is null ? $"{k.Key}=N" : k.Key)];

    /// <summary>Reads such a text; an empty one has no steps.</summary>
    /// <exception cref="UsageException">A step is not known, or its number is missing or no number.</exception>
    public static ImagePipeline Parse(string text)
    {
        var pipeline = ImagePipeline.Empty;
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (name, number) = part.Split('=', 2) is [var before, var after] ? (before, after) : (part, null);
            if (!known.TryGetValue(name, out var step))
                throw new UsageException($"unknown step '{part}': choose {string.Join(", ", Names)}");
            var value = step.Default;
            if (number is not null)
                value = double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var given)
                && double.IsFinite(given) ? given : throw new UsageException($"step '{part}': '{number}' is no number");
            pipeline = step.Add(pipeline,
                value ?? throw new UsageException($"step '{name}' needs a number, as in {name}=224"));
        }
        return pipeline;
    }
}
