namespace Interactive.Data;

/// <summary>Who asks: an access key, with the session's token where the key is a passing one.</summary>
internal sealed record AwsKey(string Id, string Secret, string? Token = null);
