namespace Interactive.Layouts;

/// <summary>The orders by name.</summary>
public static class PipelineOrders
{
    /// <summary>All, with two chunks where the number is a choice.</summary>
    public static IReadOnlyList<IPipelineOrder> All { get; } =
        [new GPipe(), new OneForwardOneBackward(), new OneForwardOneBackward(eager: true), new Interleaved(),
            new ZeroBubble(), new ZeroBubble(eager: true), new ZeroBubbleV()];

    /// <summary>The order of this name.</summary>
    /// <param name="name">Such as <c>1f1b</c>.</param>
    /// <param name="chunks">Stages a rank, where that is a choice; default 2.</param>
    /// <exception cref="UsageException">There is none; the message lists those that are there.</exception>
    public static IPipelineOrder Find(string name, int? chunks = null)
    {
        var order = All.FirstOrDefault(o => o.Name == name) ?? throw new UsageException($"there is no order '{name}': choose {string.Join(", ", All.Select(o => o.Name))}");
        if (chunks is not { } count || count == order.Chunks) return order;
        return order is Interleaved && count >= 2 ? new Interleaved(count)
            : throw new UsageException($"chunks={count}: order={name} has {(order is Interleaved ? "2 stages a rank or more" : $"{order.Chunks} a rank")}");
    }
}
