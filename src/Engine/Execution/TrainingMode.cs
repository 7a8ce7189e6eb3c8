using Interactive.Graphs;

namespace Interactive.Execution;

/// <summary>Training and evaluation mode at the start of a training.</summary>
internal static class TrainingMode
{
    /// <summary>
    /// A net of which no module is in training mode was last used to predict: it is set to train, and the main rank says so. Where only
    /// some are in evaluation mode somebody wanted it, and they stay so. A module's own <c>train</c> has the last word.
    /// </summary>
    public static void Begin(Graph graph, bool isMain)
    {
        var modules = graph.modules().ToList();
        var wasUsed = modules.Count > 0 && !modules.Exists(m => m.training);
        if (wasUsed) graph.train();
        graph.Hooks?.TakeOwnModes(all: wasUsed);
        if (wasUsed && isMain) Console.WriteLine($"note: {graph.Name} was in evaluation mode and is set to training mode; a module that is to stay in evaluation mode is set so by itself, by its eval()");
    }
}
