using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Extensions.Display;

/// <summary>
/// A tensor: shape, type, device, statistics, its values when they are few, its pictures when it looks like images.
/// </summary>
internal static class TensorFormat
{
    private const int MostValues = 64;

    public static MimeBundle Format(Tensor tensor)
    {
        if (tensor.IsInvalid) return MimeBundle.Plain("a disposed tensor");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var facts = Facts(tensor).ToList();
        var values = tensor.numel() is > 0 and <= MostValues && tensor.dim() <= 2 && !IsComplex(tensor)
            && tensor.device_type != DeviceType.META ? Values(tensor) : null;
        var text = "Tensor "
            + string.Join("  ",
            facts.Select(f
            => f.Name.Length > 0 && f.Name is not ("shape" or "type" or "device") ? $"{f.Name} {f.Text}" : f.Text));
        var html = new Table(["", ""], [.. facts.Select(f => (IReadOnlyList<string>)[f.Name, f.Text])]).ToHtml();
        var data = new Dictionary<string, object>();
        if (TensorPicture.Draw(tensor) is { } png)
        {
            data[Mime.Png] = Convert.ToBase64String(png);
            html = Picture.Element(png, text) + html;
        }
        if (values is not null)
        {
            var grid = new Table([.. values[0].Select(_ => "")], values);
            text += "\n" + string.Join('\n', grid.ToText().TrimStart('\n').Split('\n').Where(l => l.Trim().Length > 0));
            html += grid.ToHtml();
        }
        data[Mime.Html] = html;
        data[Mime.Text] = text;
        return new(data);
    }

    private static bool IsComplex(Tensor tensor)
        => tensor.dtype is ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64;

    private static IEnumerable<(string Name, string Text)> Facts(Tensor tensor)
    {
        yield return ("shape", tensor.dim() == 0 ? "scalar" : string.Join('x', tensor.shape));
        yield return ("type", tensor.dtype.ToString());
        yield return ("device", tensor.device.ToString());
        if (tensor.requires_grad) yield return ("gradient", tensor.grad is null ? "required" : "present");
        if (tensor.numel() == 0 || IsComplex(tensor) || tensor.device_type == DeviceType.META) yield break;
        var numbers = tensor.detach().to(tensor.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);
        yield return ("min", Number(numbers.min().ToDouble()));
        yield return ("max", Number(numbers.max().ToDouble()));
        yield return ("mean", Number(numbers.mean().ToDouble()));
        if (tensor.numel() > 1) yield return ("std", Number(numbers.std().ToDouble()));
        if (tensor.is_floating_point() && numbers.isnan().sum().ToInt64() is > 0 and var missing)
            yield return ("NaN", missing.ToString(CultureInfo.InvariantCulture));
    }

    private static List<IReadOnlyList<string>> Values(Tensor tensor)
    {
        var matrix = tensor.detach().cpu().to(ScalarType.Float64)
            .reshape(tensor.dim() == 2 ? tensor.shape : [1, tensor.numel()]);
        var numbers = matrix.contiguous().data<double>().ToArray();
        var width = (int)matrix.shape[1];
        return [.. numbers.Chunk(width).Select(row => (IReadOnlyList<string>)[.. row.Select(v => Number(v, 4))])];
    }

    private static string Number(double value, int digits = 5)
        => value.ToString($"G{digits}", CultureInfo.InvariantCulture);
}
