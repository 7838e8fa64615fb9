//! Language models behind one trait: providers by genai, and the script.
