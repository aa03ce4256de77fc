using System.Globalization;
using System.Text;
using Quire.Kernels.Cpu.Measurement;

namespace Quire.Cli;

/// <summary>A roofline picture (Williams, Waterman, Patterson 2009): operations per second over operations per byte, both logarithmic.</summary>
internal static class Roofline
{
    private const double Left = 70, Top = 30, Width = 760, Height = 420, MinIntensity = 0.5, MaxIntensity = 16384;

    public static string Draw(MachineLimits limits, IReadOnlyList<ProductTiming> timings)
    {
        (string Name, double Peak)[] peaks = [("f32", limits.Fma), ("bf16", limits.Bf16), ("bf16 tiles", limits.Bf16Tiles), .. limits.Int8.Select(peak => ($"int8 ({peak.Name.Split(' ')[0]})", peak.Rate))];
        double top = peaks.Max(peak => peak.Peak), highest = top * 2, lowest = highest / 10_000;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Left + Width + 240}\" height=\"{Top + Height + 60}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (double intensity = 1; intensity <= MaxIntensity; intensity *= 4) Text(X(intensity), Top + Height + 18, Number(intensity), "middle");
        for (double rate = 1e9; rate < highest; rate *= 10)
            if (rate > lowest) Text(Left - 8, Y(rate) + 4, Number(rate / 1e9), "end");
        Text(Left + (Width / 2), Top + Height + 42, "operations per byte of weights", "middle");
        Text(Left, Top - 12, "GOP/s; roofs: read bandwidth, f32, bf16 and int8 peaks", "start");
        foreach ((string name, double peak) in peaks)
        {
            if (peak == 0) continue;
            double ridge = Math.Max(MinIntensity, peak / limits.Bandwidth);
            Line(ridge, peak, MaxIntensity, peak);
            Text(Left + Width + 6, Y(peak) + 4, name, "start");
        }
        Line(MinIntensity, MinIntensity * limits.Bandwidth, top / limits.Bandwidth, top);

        string[] colours = ["#1b6ca8", "#d1495b", "#2e8b57", "#8a4fbe", "#d98324", "#444444", "#00a6a6", "#b5179e", "#7a7a00"];
        string[] names = [.. timings.Select(timing => timing.Name).Distinct()];
        foreach (ProductTiming timing in timings)
        {
            string colour = colours[Array.IndexOf(names, timing.Name) % colours.Length];
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(timing.Intensity):0.0}\" cy=\"{Y(timing.Rate):0.0}\" r=\"4\" fill=\"{colour}\"><title>{timing.Name}, {timing.Rows} rows: {timing.Rate / 1e9:0} GOP/s</title></circle>\n");
        }
        for (int i = 0; i < names.Length; i++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{Left + Width + 60}\" cy=\"{Top + 16 + (18 * i)}\" r=\"4\" fill=\"{colours[i % colours.Length]}\"/>\n");
            Text(Left + Width + 70, Top + 20 + (18 * i), names[i], "start");
        }
        return svg.Append("</svg>\n").ToString();

        double X(double intensity) => Left + (Width * Math.Log(Math.Clamp(intensity, MinIntensity, MaxIntensity) / MinIntensity) / Math.Log(MaxIntensity / MinIntensity));
        double Y(double rate) => Top + Height - (Height * Math.Log(Math.Clamp(rate, lowest, highest) / lowest) / Math.Log(highest / lowest));
        void Line(double x1, double y1, double x2, double y2) =>
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{X(x1):0.0}\" y1=\"{Y(y1):0.0}\" x2=\"{X(x2):0.0}\" y2=\"{Y(y2):0.0}\" stroke=\"black\"/>\n");
        void Text(double x, double y, string text, string anchor) =>
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.0}\" y=\"{y:0.0}\" text-anchor=\"{anchor}\">{text}</text>\n");
    }

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
