using Interactive.Graphs;
using SkiaSharp;

namespace Interactive.Extensions.Display;

/// <summary>
/// Draws a graph from left to right in lines like text, an arc for every edge that is not to the next box. Deep nets
/// are drawn by block: nodes whose names begin alike (<c>layer1.0</c>) share a box. Colours tell kinds of operations.
/// </summary>
internal sealed class GraphDiagram
{
    private const int MostBoxes = 48, BoxesInLine = 8, BoxWidth = 104, BoxHeight = 38, GapX = 22, GapY = 46,
        Margin = 12, Scale = 2;

    private static readonly Dictionary<string, string> colours = new()
    {
        ["conv"] = "#dbeafe", ["linear"] = "#dbeafe", ["batch"] = "#fef3c7", ["layer"] = "#fef3c7", ["relu"] =
            "#fee2e2", ["gelu"] = "#fee2e2",
        ["max"] = "#dcfce7", ["avg"] = "#dcfce7", ["adaptive"] = "#dcfce7", ["add"] = "#ede9fe", ["concat"] =
            "#ede9fe", ["attention"] = "#cffafe",
    };

    private readonly List<(string Title, string Detail, string Kind)> boxes = [];
    private readonly HashSet<(int From, int To)> edges = [];

    public GraphDiagram(Graph graph)
    {
        var depth = Enumerable.Range(1, 4).Reverse().Append(0)
            .First(d => d == 0 || graph.Nodes.Count <= MostBoxes || Groups(graph, d).Distinct().Count() <= MostBoxes);
        var keys = graph.Nodes.Count <= MostBoxes ? [.. graph.Nodes.Select(n => n.Name)]
            : Groups(graph, Math.Max(1, depth)).ToList();
        // A block is a run of neighbours: where its name comes back later, a new box begins.
        var box = new int[graph.Nodes.Count + 1];
        boxes.Add(("input", graph.Input.Shape.ToString(), ""));
        for (var i = 0; i < graph.Nodes.Count;)
        {
            var end = i + 1;
            while (end < graph.Nodes.Count && keys[end] == keys[i] && keys[i] != graph.Nodes[i].Name) end++;
            for (var n = i; n < end; n++) box[n + 1] = boxes.Count;
            var last = graph.Nodes[end - 1];
            boxes.Add((keys[i], $"{last.Output.Shape}", end - i == 1 ? last.Op.Kind : ""));
            i = end;
        }
        foreach (var node in graph.Nodes)
            foreach (var value in node.Inputs)
                if (box[value.Id] != box[node.Output.Id]) edges.Add((box[value.Id], box[node.Output.Id]));
    }

    /// <summary>Number of boxes, the input's among them.</summary>
    public int Count => boxes.Count;

    /// <summary>A PNG at twice the size at which it is meant to be shown.</summary>
    /// <returns>The picture and its width in CSS pixels.</returns>
    public (byte[] Bytes, int Width) Draw()
    {
        var columns = Math.Min(BoxesInLine, boxes.Count);
        var lines = (boxes.Count + columns - 1) / columns;
        var (width, height) = (2 * Margin + columns * (BoxWidth + GapX) - GapX,
            2 * Margin + lines * (BoxHeight + GapY) - GapY + 16);
        using var bitmap = new SKBitmap(width * Scale, height * Scale);
        using var canvas = new SKCanvas(bitmap);
        canvas.Clear(SKColors.White);
        canvas.Scale(Scale);
        foreach (var (from, to) in edges) Edge(canvas, from, to, columns);
        for (var i = 0; i < boxes.Count; i++) Box(canvas, i, columns);
        return (Picture.Encode(bitmap), width);
    }

    private static IEnumerable<string> Groups(Graph graph, int depth) =>
        graph.Nodes.Select(n
            => n.Name.Split('.') is var parts && parts.Length > depth ? string.Join('.', parts.Take(depth)) : n.Name);

    private static SKRect Place(int index, int columns)
    {
        var (x, y) = (Margin + index % columns * (BoxWidth + GapX), Margin + 10 + index / columns * (BoxHeight + GapY));
        return new(x, y, x + BoxWidth, y + BoxHeight);
    }

    private void Box(SKCanvas canvas, int index, int columns)
    {
        var place = Place(index, columns);
        var (title, detail, kind) = boxes[index];
        using var fill =
            new SKPaint
            {
                IsAntialias = true,
                Color = SKColor.Parse(colours.FirstOrDefault(c => kind.StartsWith(c.Key)).Value ?? "#f3f4f6"),
            };
        using var border =
            new SKPaint { IsAntialias = true, IsStroke = true, StrokeWidth = 1, Color = SKColor.Parse("#9ca3af") };
        canvas.DrawRoundRect(place, 5, 5, fill);
        canvas.DrawRoundRect(place, 5, 5, border);
        using var bold = SKTypeface.FromFamilyName(Picture.FontFamily, SKFontStyle.Bold);
        using var plain = SKTypeface.FromFamilyName(Picture.FontFamily);
        Text(canvas, title, place.MidX, place.Top + 16, bold, 10.5f, "#111827");
        Text(canvas, detail, place.MidX, place.Top + 30, plain, 9.5f, "#4b5563");
    }

    private static void Text(SKCanvas canvas, string text, float x, float y, SKTypeface face, float size, string colour)
    {
        using var paint = new SKPaint { IsAntialias = true, Color = SKColor.Parse(colour) };
        using var font = new SKFont(face, size);
        // What does not fit loses its beginning: names differ at their ends.
        while (text.Length > 4 && font.MeasureText(text) > BoxWidth - 6) text = "…" + text[2..];
        canvas.DrawText(text, x, y, SKTextAlign.Center, font, paint);
    }

    private static void Edge(SKCanvas canvas, int from, int to, int columns)
    {
        using var paint =
            new SKPaint
            {
                IsAntialias = true, IsStroke = true, StrokeWidth = 1.2f, Color = SKColor.Parse(to == from + 1
            ? "#6b7280" : "#8b5cf6")
            };
        SKRect a = Place(from, columns), b = Place(to, columns);
        using var path = new SKPath();
        SKPoint tip;
        if (to == from + 1 && to % columns != 0)
        {
            tip = new(b.Left, b.MidY);
            path.MoveTo(a.Right, a.MidY);
            path.LineTo(tip);
        }
        else if (from / columns == to / columns)
        {
            // A shortcut within a line of boxes runs above them.
            tip = new(b.MidX - 8, b.Top);
            var rise = a.Top - 8 - Math.Min(14, 2.5f * (to - from));
            path.MoveTo(a.MidX + 8, a.Top);
            path.CubicTo(a.MidX + 20, rise, b.MidX - 20, rise, tip.X, tip.Y);
        }
        else
        {
            tip = new(b.MidX - (to == from + 1 ? 0 : 14), b.Top);
            var start = new SKPoint(a.MidX + (to == from + 1 ? 0 : 14), a.Bottom);
            var middle = (start.Y + tip.Y) / 2;
            path.MoveTo(start);
            path.CubicTo(start.X, middle, tip.X, middle, tip.X, tip.Y);
        }
        canvas.DrawPath(path, paint);
        using var dot = new SKPaint { IsAntialias = true, Color = paint.Color };
        canvas.DrawCircle(tip, 2.2f, dot);
    }
}
