namespace Interactive.Extensions.Display;

/// <summary>An exception: what it says first, where it came from below.</summary>
internal static class ExceptionFormat
{
    public static MimeBundle Format(Exception exception) => new(new Dictionary<string, object>
    {
        [Mime.Html] = $"<details><summary><b>{Table.Encode(exception.GetType().Name)}</b>: {Table.Encode(exception.Message)}</summary><pre>{Table.Encode(exception.ToString())}</pre></details>",
        [Mime.Text] = exception.ToString(),
    });
}
