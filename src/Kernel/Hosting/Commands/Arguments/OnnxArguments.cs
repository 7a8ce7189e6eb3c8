using System.CommandLine;
using System.Globalization;
using Interactive.Onnx;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>The sizes that an ONNX file leaves free: <c>--size sequence=128</c>, once for each.</summary>
internal sealed class OnnxArguments
{
    private readonly Option<string[]> size = new("--size")
    {
        Description = "a size that an ONNX file leaves free, as NAME=NUMBER; the batch stays free",
    };

    public OnnxArguments(Command command) => command.Add(size);

    public OnnxOptions Read(ParseResult parsed)
    {
        var sizes = new Dictionary<string, long>();
        foreach (var text in parsed.GetValue(size) ?? [])
        {
            var at = text.LastIndexOf('=');
            if (at < 1
                || !long.TryParse(text[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number < 1) throw new UsageException($"--size is NAME=NUMBER, such as sequence=128, got '{text}'");
            sizes[text[..at]] = number;
        }
        return new OnnxOptions { Sizes = sizes };
    }
}
