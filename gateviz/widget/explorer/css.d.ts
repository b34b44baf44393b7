/** A style sheet, as the bundler hands it over: its text. */
declare module "*.css" {
  const text: string;
  export default text;
}
