using System.Globalization;
using TorchSharp;

namespace Interactive.Extensions.Display;

/// <summary>A module of TorchSharp's: its layers with their parameters.</summary>
internal static class ModuleFormat
{
    public static MimeBundle Format(torch.nn.Module module)
    {
        var parts = module.named_modules().Prepend(("", module)).DistinctBy(m => m.Item2)
            .Where(m => !m.Item2.children().Any() || m.Item2.parameters(recurse: false).Any());
        var (all, trained) = (Count(module.parameters()), Count(module.parameters().Where(p => p.requires_grad)));
        var summary = string.Create(CultureInfo.InvariantCulture,
            $"{module.GetType().Name}: {all:N0} parameters{(trained == all ? "" : $" ({trained:N0} trained)")}{(module.training ? "" : ", in evaluation mode")}");
        var table = new Table(["name", "layer", "of shape", "parameters"], [.. parts.Select(p => Row(p.Item1, p.Item2))]);
        return new(new Dictionary<string, object>
        {
            [Mime.Html] = $"<p>{Table.Encode(summary)}</p>{table.ToHtml()}",
            [Mime.Text] = summary + "\n" + table.ToText(),
        });
    }

    private static IReadOnlyList<string> Row(string name, torch.nn.Module layer)
    {
        var own = layer.named_parameters(recurse: false).ToList();
        return
        [
            name, layer.GetType().Name, string.Join(", ", own.Select(p => $"{p.name} {string.Join('x', p.parameter.shape)}{(p.parameter.requires_grad ? "" : " frozen")}")),
            own.Count == 0 ? "" : Count(own.Select(p => p.parameter)).ToString("N0", CultureInfo.InvariantCulture),
        ];
    }

    private static long Count(IEnumerable<torch.Tensor> parameters) => parameters.Sum(p => p.numel());
}
