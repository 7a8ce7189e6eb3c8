namespace Interactive.Data;

/// <summary>The columns of a file of rows.</summary>
internal interface ITable
{
    /// <summary>The columns' names in the order of the file or of the wish.</summary>
    IReadOnlyList<string> Names { get; }
    /// <summary>Rows.</summary>
    int Count { get; }
    /// <summary>A column as texts.</summary>
    IReadOnlyList<string> Texts(string name);
    /// <summary>A column's numbers, or null where it holds categories.</summary>
    /// <exception cref="UsageException">A value is no number, and others are.</exception>
    double[]? Numbers(string name);
    /// <summary>Where a value stands, for messages.</summary>
    string Place(int row, string name);
}
