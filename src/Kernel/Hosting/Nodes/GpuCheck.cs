using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>NVIDIA's GPUs, as <c>nvidia-smi -q -x</c> tells of them.</summary>
internal static class GpuCheck
{
    public static IEnumerable<Finding> Run(Node node)
    {
        var hasDriver = Path.Exists(node.At("proc/driver/nvidia"));
        if (!hasDriver && node.Expected.Gpus is null or 0) return [];
        // Without persistence it wakes the GPUs first.
        var text = node.IsThis ? NodeTool.Run(node.Patience * 0.75, "nvidia-smi", "-q", "-x") : node.Text("nvidia-smi.xml");
        return text is { Length: > 0 } ? Read(text, node.Expected.Gpus)
            : [new("gpu", Fitness.Unfit, "nvidia-smi fails")];
    }

    /// <summary>Reads its answer.</summary>
    internal static IEnumerable<Finding> Read(string text, int? expected)
    {
        XDocument answer;
        try
        {
            // it names a DTD, which is not looked for
            using var reader = XmlReader.Create(new StringReader(text), new() { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null });
            answer = XDocument.Load(reader);
        }
        catch (XmlException e) { return [new("gpu", Fitness.Unfit, $"nvidia-smi's answer cannot be read: {e.Message}")]; }
        var gpus = answer.Descendants("gpu").ToList();
        var findings = gpus.SelectMany(OfOne).ToList();
        if (gpus.Count < expected)
            findings.Insert(0, new("gpu", Fitness.Unfit, $"{gpus.Count} of the {expected} that are expected"));
        return findings;
    }

    private static IEnumerable<Finding> OfOne(XElement gpu)
    {
        var name = gpu.Attribute("id")?.Value ?? "a GPU";
        bool Has(string element, string value) => gpu.Descendants(element).Any(e => e.Value.Trim() == value);
        var errors = gpu.Elements("ecc_errors").Elements("volatile").Descendants()
            .Where(e => !e.HasElements && (e.Name.LocalName.Contains("uncorrectable") || e.Parent?.Name == "double_bit" && e.Name == "total"))
            .Sum(e => long.TryParse(e.Value, CultureInfo.InvariantCulture, out var n) ? n : 0);
        if (errors > 0) yield return new("gpu", Fitness.Unfit, $"{name} has had {errors} uncorrected memory errors since the start");
        if (Has("remapped_row_failure", "Yes")) yield return new("gpu", Fitness.Unfit, $"{name} has no spare rows of memory left");
        if (Has("remapped_row_pending", "Yes")) yield return new("gpu", Fitness.Unfit, $"{name} needs a reset to replace a row of its memory");
        foreach (var reason in new[] { "hw_thermal_slowdown", "hw_power_brake_slowdown" })
            if (Has($"clocks_event_reason_{reason}", "Active") || Has($"clocks_throttle_reason_{reason}", "Active"))
                yield return new("gpu", Fitness.Doubtful, $"{name} is slowed down by its hardware ({reason})");
    }
}
