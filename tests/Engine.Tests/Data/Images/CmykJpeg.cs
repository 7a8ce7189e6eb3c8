namespace Interactive.Engine.Tests.Data.Images;

/// <summary>
/// A JPEG of four inks that Pillow 9.4 wrote, and the SHA-1 of what its <c>convert("RGB")</c> makes of it.
/// </summary>
internal static class CmykJpeg
{
    public const string Sha1 = "c9bb0128aceb37f8d0f7238d405a939f50c04ad4";
    public const string Base64 =
        "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU/8AAFAgAEAAYBEMRAE0RAFkRAEsRAP/EAB" +
        "8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZH" +
        "SElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASw" +
        "AAPwD7/wDil/y2/Gvsf/hon/p6/wDHq/TLxB4g/srd82MV+ltzrfX5q+P/AIpf8tvxo/4aJ/6ev/Hq808QfGn+yt37/GPesq51vr81fH/xS/5bfjR/w0T/ANPX/j1ea+IP2sv7K3f6ZjH+1WVc631+" +
        "av2A+KX/AC2/Gvy//wCGif8Ap6/8er0r40+IP7K8/wCbGM1k3Ot9fmr4/wDil/y2/Gj/AIaJ/wCnr/x6vgr40/Gn+yvP/f4xnvWVc631+avj/wCKX/Lb8aP+Gif+nr/x6vP/AITfBLx9+05pU/iZtc" +
        "t/BPgRZpLdNav4XmmvGVXDG1gBUSqkiqjuzooLMFLtG6DKudb6/NX/2Q==";
}
