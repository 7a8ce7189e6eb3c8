using System.Collections;
using System.Data;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interactive.Extensions.Display;

namespace Interactive.Extensions.Tests.Display;

/// <summary>What is shown of values that nobody has taught the formatters: all of it, however it is nested.</summary>
public sealed class ObjectFormatTests
{
    private sealed class WithFields
    {
        public int X = 17;
        public string Name { get; } = "n";
    }

    private record Node(string Name)
    {
        public Node? Next { get; set; }
    }

    private sealed class Throws
    {
        public int Good => 1;
        public int Bad => throw new InvalidOperationException("no");
    }

    private sealed class Odd : Exception
    {
        public override string Message => throw new InvalidOperationException("no message");
    }

    private sealed class Quiet : IEnumerable<int>
    {
        public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)[4, 5]).GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private static DataTable Cities()
    {
        var data = new DataTable("cities");
        data.Columns.Add("city");
        data.Columns.Add("people", typeof(int));
        data.Rows.Add("Oslo", 700);
        data.Rows.Add("Rome", DBNull.Value);
        return data;
    }

    public static TheoryData<string, object, string> Values => new()
    {
        { "mixed list", new object[] { new { X = 1 }, 5, "zed" }, "[{ X = 1 }, 5, zed]" },
        { "records of two kinds", new object[] { new { X = 1, Y = 2 }, new { X = 3,
            Z = 4 } }, "X  Y  Z\n1  2   \n3     4" },
        { "fields", new WithFields(), "Name  n\nX     17" },
        { "list in a dictionary", new Dictionary<string, List<int>> { ["a"] = [11, 22] }, "key  value\na    [11, 22]" },
        { "dictionary in a list", new[] { new Dictionary<string, int> { ["a"] = 1 } }, "[{a: 1}]" },
        { "list of lists of records", new[] { new[] { new { X = 1 } } }, "[[{ X = 1 }]]" },
        { "array of rank 2", new[,] { { 1, 2 }, { 3, 4 } }, "1  2\n3  4" },
        { "array of rank 3", new[,,] { { { 1, 2 }, { 3, 4 } } }, "[[[1, 2], [3, 4]]]" },
        { "JSON array", JsonNode.Parse("[1,{\"b\":3}]")!, "[\n  1,\n  {\n    \"b\": 3\n  }\n]" },
        { "JSON element", JsonDocument.Parse("{\"a\":[1]}").RootElement, "{\n  \"a\": [\n    1\n  ]\n}" },
        { "data table", Cities(), "city  people\nOslo     700\nRome        " },
        { "data row", Cities().Rows[0], "city  people\nOslo     700" },
        { "groups", new[] { 1, 2, 3 }.GroupBy(i => i % 2), "[1: [1, 3], 0: [2]]" },
        { "one group", new[] { 1, 2, 3 }.GroupBy(i => i % 2).First(), "1: [1, 3]" },
        { "memory", new ReadOnlyMemory<int>([1, 2]), "[1, 2]" },
        { "getter that throws", new Throws(), "Good  1\nBad   InvalidOperationException" },
        { "sequence of a type of its own", new Quiet(), "[4, 5]" },
        { "empty list", new List<int>(), "[]" },
        { "list of nulls", new object?[] { null, null }, "[null, null]" },
        { "exception whose message throws", new Odd(), "Interactive.Extensions.Tests.Display.ObjectFormatTests+Odd: (its Message threw InvalidOperationException)" },
        { "task that is done", Task.FromResult(3), "Status  RanToCompletion\nResult  3" },
        { "pair in a list", new object[] { KeyValuePair.Create("a", new[] { 1, 2 }), 3 }, "[[a, [1, 2]], 3]" },
        { "nested tuple", (1, (2, "x")), "(1, (2, x))" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void AValue_IsShownWhole(string what, object value, string text)
        => Assert.Equal((what, text), (what, Formatters.Format(value).Text));

    [Fact]
    public void WhatHoldsItself_IsCutWhereItComesAgain()
    {
        var list = new List<object> { 1 };
        list.Add(list);
        Assert.Equal("[1, …]", Formatters.Format(list).Text);
        var map = new Hashtable { ["me"] = null };
        map["me"] = map;
        Assert.Contains("me", Formatters.Format(map).Text);
        var node = new Node("first");
        node.Next = node;
        Assert.Equal("Interactive.Extensions.Tests.Display.ObjectFormatTests+Node { Name = first, Next = … }",
            Formatters.Format(node).Text);
        var two = new Node("a") { Next = new Node("b") };
        two.Next!.Next = two;
        Assert.Contains("Name = b", Formatters.Format(new object[] { two, 1 }).Text);
    }

    [Fact]
    public void ADeepTree_EndsSoon()
    {
        static IEnumerable<object> Endless() { while (true) yield return Endless(); }
        Assert.InRange(Formatters.Format(new object[] { Endless(), 1 }).Text.Length, 100, 200_000);
    }

    [Fact]
    public void ARunningTask_IsNotWaitedFor()
        => Assert.StartsWith("Status  WaitingForActivation",
        Formatters.Format(new TaskCompletionSource<int>().Task).Text);

    [Fact]
    public void FieldsThatTheCompilerMade_AreNotShown()
    {
        static async IAsyncEnumerable<int> Numbers()
        {
            await Task.Yield();
            yield return 1;
        }
        Assert.DoesNotContain("__state", Formatters.Format(Numbers()).Text);
    }

    [Fact]
    public void AnInterrupt_GoesThrough()
    {
        DisplayHost.IsInterrupted = () => true;
        try { Assert.Throws<OperationCanceledException>(() => Formatters.Format(Enumerable.Range(0, 3))); }
        finally { DisplayHost.IsInterrupted = () => false; }
    }

    private sealed class WithWords
    {
        public int P => 1;
        public override string ToString() => "my <words>";
    }

    [Fact]
    public void WhatAValueSaysOfItself_IsInEveryForm()
    {
        Assert.Contains("my &lt;words&gt;", (string)Formatters.Format(new WithWords()).Data[Mime.Html]);
        Assert.Equal("sb", Formatters.Format(new System.Text.StringBuilder("sb")).Text);
        Assert.Equal((string[])[Mime.Text], Formatters.Format(new System.Text.StringBuilder("sb")).Data.Keys);
        Assert.Equal((string[])[Mime.Text], Formatters.Format(new System.Xml.Linq.XElement("a", 1)).Data.Keys);
        Assert.Equal("[<a>1</a>]", Formatters.Format(new[] { new System.Xml.Linq.XElement("a", 1) }).Text);
        Assert.Contains("b", Formatters.Format(new System.Collections.Specialized.NameValueCollection { { "a", "b" } }).Text);
    }

    [Fact]
    public void ATupleOfManyItems_ShowsAll()
    {
        Assert.Contains(">Item9<", (string)Formatters.Format((1, 2, 3, 4, 5, 6, 7, 8, 99)).Data[Mime.Html]);
        Assert.Contains(">99<", (string)Formatters.Format(new[] { (1, 2, 3, 4, 5, 6, 7, 8, 99) }).Data[Mime.Html]);
        Assert.Contains(">b<", (string)Formatters.Format(Tuple.Create(1, "b")).Data[Mime.Html]);
    }
}
