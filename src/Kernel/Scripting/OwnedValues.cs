namespace Interactive.Kernel.Scripting;

/// <summary>What <c>using var</c> has declared in a script or session, newest last.</summary>
internal sealed class OwnedValues
{
    private readonly List<(string Name, object Value, Action Dispose)> values = [];

    /// <summary>Takes a value over. What the name meant before is disposed: a cell that runs again makes a new one.</summary>
    public void Add(string name, object? value, Action dispose)
    {
        var before = values.FindIndex(v => v.Name == name);
        if (before >= 0 && !ReferenceEquals(values[before].Value, value))
        {
            var old = values[before];
            values.RemoveAt(before);
            old.Dispose();
        }
        if (value is not null && !values.Exists(v => ReferenceEquals(v.Value, value))) values.Add((name, value, dispose));
    }

    /// <summary>Disposes all, newest first, also where one of them throws; the first exception is thrown at the end.</summary>
    public void DisposeAll()
    {
        Exception? first = null;
        while (values.Count > 0)
        {
            var newest = values[^1];
            values.RemoveAt(values.Count - 1);
            try { newest.Dispose(); }
            catch (Exception e) { first ??= e; }
        }
        if (first is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
    }
}
