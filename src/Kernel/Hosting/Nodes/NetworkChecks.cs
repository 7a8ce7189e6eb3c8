using System.Globalization;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>Links to other nodes.</summary>
internal static class NetworkChecks
{
    private const double ManyErrors = 1e-5; // of the packets
    private const long ManySymbols = 100;

    /// <summary>Network cards that have lost their link, or packets.</summary>
    public static IEnumerable<Finding> Cards(Node node)
    {
        const string root = "sys/class/net";
        foreach (var card in node.Names(root).Where(n => Path.Exists(node.At($"{root}/{n}/device"))))
        {
            long Counter(string name) => node.Number($"{root}/{card}/statistics/{name}") ?? 0;
            // One that never had a link is not in use.
            var hasLink = node.Number($"{root}/{card}/carrier") == 1;
            if (node.History.Ever($"{card}.link", hasLink) && !hasLink)
                yield return new("network", Fitness.Unfit, $"{card} has lost its link");
            var packets = node.History.Growth($"{card}.packets", Counter("rx_packets") + Counter("tx_packets"));
            var errors = node.History.Growth($"{card}.errors", Counter("rx_errors") + Counter("tx_errors"));
            if (errors > Math.Max(1, ManyErrors * packets))
                yield return new("network", Fitness.Doubtful, string.Create(CultureInfo.InvariantCulture, $"{card} has had {errors} errors in {packets} packets since the last check"));
        }
    }

    /// <summary>Ports of InfiniBand.</summary>
    public static IEnumerable<Finding> InfiniBand(Node node)
    {
        const string root = "sys/class/infiniband";
        foreach (var port in node.Names(root).SelectMany(card => node.Names($"{root}/{card}/ports").Select(n => $"{card}/ports/{n}")))
        {
            var (name, state) = (port.Replace("/ports/", ":"), node.Text($"{root}/{port}/state"));
            var isActive = state.EndsWith("ACTIVE", StringComparison.Ordinal);
            if (node.History.Ever($"{name}.active", isActive) && !isActive)
                yield return new("infiniband", Fitness.Unfit, $"{name} was active and is {state}");
            if (node.History.Growth($"{name}.down", node.Number($"{root}/{port}/counters/link_downed") ?? 0) is > 0 and var times)
                yield return new("infiniband", Fitness.Doubtful, $"{name} was down {times} times since the last check");
            if (node.History.Growth($"{name}.symbols", node.Number($"{root}/{port}/counters/symbol_error") ?? 0) is > ManySymbols and var symbols)
                yield return new("infiniband", Fitness.Doubtful, $"{name} has had {symbols} symbol errors since the last check");
        }
    }
}
