using System.Text.Json.Serialization;
using Interactive.Runtime;

namespace Interactive.Graphs;

/// <summary>
/// In which order a graph's pictures lie in memory; shapes stay (batch, channels, height, width) in either. Batches,
/// outputs and parameters are contiguous for the user whatever is chosen.
/// </summary>
[JsonConverter(typeof(TextJson<MemoryFormat>))]
public sealed record MemoryFormat : IWrittenAsText<MemoryFormat>
{
    private MemoryFormat(string name) => Name = name;

    /// <summary>Channel by channel.</summary>
    public static MemoryFormat Contiguous { get; } = new("contiguous");
    /// <summary>
    /// A position's channels side by side, wherever the ops can (<see cref="MemoryFormatRules"/>): convolutions then take and give
    /// pictures as they lie.
    /// </summary>
    public static MemoryFormat ChannelsLast { get; } = new("channels-last");

    /// <summary>As it is written on a command line: <c>contiguous</c> or <c>channels-last</c>.</summary>
    public string Name { get; }

    /// <summary>Reads a flag's text.</summary>
    /// <exception cref="UsageException">Something else than <c>contiguous</c> or <c>channels-last</c>.</exception>
    public static MemoryFormat Parse(string text) => text switch
    {
        "contiguous" => Contiguous,
        "channels-last" => ChannelsLast,
        _ => throw new UsageException($"unknown memory format '{text}': choose contiguous or channels-last"),
    };

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Name;
}
