namespace Interactive.Extensions.Display;

/// <summary>Turns values into what a host can show.</summary>
public static class Formatters
{
    /// <summary>The forms of a value; a bundle is its own.</summary>
    public static MimeBundle Format(object? value) => value as MimeBundle ?? MimeBundle.Plain(value?.ToString() ?? "null");
}
