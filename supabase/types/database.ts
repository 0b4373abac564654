
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  
  "public": {
          Tables: {
            "accounts": {
                  Row: {
                    "created_at": string,"id": string,"kind": string,"locale": string,"name": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"id": string,"kind"?: string,"locale"?: string,"name"?: string | null
                  }
                  Update: {
                    "created_at"?: string,"id"?: string,"kind"?: string,"locale"?: string,"name"?: string | null
                  }
                  Relationships: [
                    
                  ]
                },"analysis_numbers": {
                  Row: {
                    "band": string | null,"basis": string | null,"comments": number | null,"complaint_counts": NonNullable<Json>,"complaints": (string)[],"created_at": string,"currency": string | null,"id": string,"is_hit": boolean | null,"is_sample": boolean,"is_sold_out": boolean | null,"judged_at": string | null,"net": number | null,"net_high": number | null,"net_low": number | null,"price": number | null,"product_id": string,"ratio": number | null,"ratio_high": number | null,"ratio_low": number | null,"stage": string | null,"stands_out": number | null,"stands_out_high": number | null,"stands_out_low": number | null,"user_id": string,"video": string | null,"views_per_hour": number | null
                  }
                  ComputedFields: never
                  Insert: {
                    "band"?: string | null,"basis"?: string | null,"comments"?: number | null,"complaint_counts"?: NonNullable<Json>,"complaints"?: (string)[],"created_at"?: string,"currency"?: string | null,"id"?: string,"is_hit"?: boolean | null,"is_sample"?: boolean,"is_sold_out"?: boolean | null,"judged_at"?: string | null,"net"?: number | null,"net_high"?: number | null,"net_low"?: number | null,"price"?: number | null,"product_id": string,"ratio"?: number | null,"ratio_high"?: number | null,"ratio_low"?: number | null,"stage"?: string | null,"stands_out"?: number | null,"stands_out_high"?: number | null,"stands_out_low"?: number | null,"user_id": string,"video"?: string | null,"views_per_hour"?: number | null
                  }
                  Update: {
                    "band"?: string | null,"basis"?: string | null,"comments"?: number | null,"complaint_counts"?: NonNullable<Json>,"complaints"?: (string)[],"created_at"?: string,"currency"?: string | null,"id"?: string,"is_hit"?: boolean | null,"is_sample"?: boolean,"is_sold_out"?: boolean | null,"judged_at"?: string | null,"net"?: number | null,"net_high"?: number | null,"net_low"?: number | null,"price"?: number | null,"product_id"?: string,"ratio"?: number | null,"ratio_high"?: number | null,"ratio_low"?: number | null,"stage"?: string | null,"stands_out"?: number | null,"stands_out_high"?: number | null,"stands_out_low"?: number | null,"user_id"?: string,"video"?: string | null,"views_per_hour"?: number | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_numbers_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"analysis_results": {
                  Row: {
                    "content": NonNullable<Json>,"created_at": string,"engine": string,"id": string,"is_sample": boolean | null,"job_id": string | null,"product_id": string,"sentiment_label": string | null,"sentiment_net": number | null,"type": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "content": NonNullable<Json>,"created_at"?: string,"engine": string,"id"?: string,"is_sample"?: never,"job_id"?: string | null,"product_id": string,"sentiment_label"?: never,"sentiment_net"?: never,"type": string,"user_id": string
                  }
                  Update: {
                    "content"?: NonNullable<Json>,"created_at"?: string,"engine"?: string,"id"?: string,"is_sample"?: never,"job_id"?: string | null,"product_id"?: string,"sentiment_label"?: never,"sentiment_net"?: never,"type"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "analysis_results_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "analysis_results_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_results_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_results_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"brand_rules": {
                  Row: {
                    "created_at": string,"enabled": boolean,"id": string,"rule_definition": NonNullable<Json>,"rule_name": string,"severity": string,"updated_at": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"enabled"?: boolean,"id"?: string,"rule_definition": NonNullable<Json>,"rule_name": string,"severity"?: never,"updated_at"?: string,"user_id"?: string
                  }
                  Update: {
                    "created_at"?: string,"enabled"?: boolean,"id"?: string,"rule_definition"?: NonNullable<Json>,"rule_name"?: string,"severity"?: never,"updated_at"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "brand_rules_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"competitors": {
                  Row: {
                    "competitor_id": string,"created_at": string,"id": string,"product_id": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "competitor_id": string,"created_at"?: string,"id"?: string,"product_id": string,"user_id"?: string
                  }
                  Update: {
                    "competitor_id"?: string,"created_at"?: string,"id"?: string,"product_id"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "competitors_competitor_id_fkey"
      columns: ["competitor_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "competitors_competitor_id_fkey"
      columns: ["competitor_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "competitors_competitor_id_fkey"
      columns: ["competitor_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "competitors_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "competitors_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "competitors_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "competitors_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"jobs": {
                  Row: {
                    "attempt": number,"crashes": number,"created_at": string,"error_code": string | null,"error_message": string | null,"failures": number,"finished_at": string | null,"id": string,"kind": string,"product_id": string | null,"progress": number,"stage": string,"started_at": string | null,"status": string,"user_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "attempt"?: never,"crashes"?: number,"created_at"?: string,"error_code"?: string | null,"error_message"?: string | null,"failures"?: number,"finished_at"?: string | null,"id"?: string,"kind": string,"product_id"?: string | null,"progress"?: number,"stage"?: string,"started_at"?: string | null,"status"?: string,"user_id"?: string | null
                  }
                  Update: {
                    "attempt"?: never,"crashes"?: number,"created_at"?: string,"error_code"?: string | null,"error_message"?: string | null,"failures"?: number,"finished_at"?: string | null,"id"?: string,"kind"?: string,"product_id"?: string | null,"progress"?: number,"stage"?: string,"started_at"?: string | null,"status"?: string,"user_id"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "jobs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "jobs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "jobs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "jobs_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"notifications": {
                  Row: {
                    "created_at": string,"id": string,"kind": string,"product_id": string | null,"read_at": string | null,"text": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"id"?: string,"kind": string,"product_id"?: string | null,"read_at"?: string | null,"text": string,"user_id": string
                  }
                  Update: {
                    "created_at"?: string,"id"?: string,"kind"?: string,"product_id"?: string | null,"read_at"?: string | null,"text"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "notifications_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "notifications_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "notifications_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "notifications_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"plans": {
                  Row: {
                    "analyses_per_month": number,"grace_days": number,"has_transcripts": boolean,"id": string,"kept_analyses": number,"kept_history": number,"max_brand_rules": number,"max_products": number,"max_scripts": number,"name": string,"rank": number,"requests_per_minute": number,"scripts_per_month": number,"watch": string
                  }
                  ComputedFields: never
                  Insert: {
                    "analyses_per_month": number,"grace_days"?: number,"has_transcripts"?: boolean,"id": string,"kept_analyses": number,"kept_history"?: number,"max_brand_rules": number,"max_products": number,"max_scripts": number,"name": string,"rank": number,"requests_per_minute": number,"scripts_per_month": number,"watch"?: string
                  }
                  Update: {
                    "analyses_per_month"?: number,"grace_days"?: number,"has_transcripts"?: boolean,"id"?: string,"kept_analyses"?: number,"kept_history"?: number,"max_brand_rules"?: number,"max_products"?: number,"max_scripts"?: number,"name"?: string,"rank"?: number,"requests_per_minute"?: number,"scripts_per_month"?: number,"watch"?: string
                  }
                  Relationships: [
                    
                  ]
                },"products": {
                  Row: {
                    "created_at": string,"id": string,"last_analyzed_at": string | null,"name": string,"source_url": string,"updated_at": string,"user_id": string,"watch": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"id"?: string,"last_analyzed_at"?: string | null,"name": string,"source_url": string,"updated_at"?: string,"user_id"?: string,"watch"?: string
                  }
                  Update: {
                    "created_at"?: string,"id"?: string,"last_analyzed_at"?: string | null,"name"?: string,"source_url"?: string,"updated_at"?: string,"user_id"?: string,"watch"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "products_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"script_versions": {
                  Row: {
                    "content": string,"created_at": string,"id": string,"script_id": string,"user_id": string,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "content": string,"created_at"?: string,"id"?: string,"script_id": string,"user_id": string,"version": number
                  }
                  Update: {
                    "content"?: string,"created_at"?: string,"id"?: string,"script_id"?: string,"user_id"?: string,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "script_versions_script_id_fkey"
      columns: ["script_id"]
isOneToOne: false
      referencedRelation: "scripts"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "script_versions_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"scripts": {
                  Row: {
                    "broken_rules": Json | null,"content": string,"created_at": string,"id": string,"job_id": string | null,"origin": string,"product_id": string,"review": Json | null,"status": string,"title": string | null,"updated_at": string,"user_id": string,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "broken_rules"?: Json | null,"content": string,"created_at"?: string,"id"?: string,"job_id"?: string | null,"origin"?: string,"product_id": string,"review"?: Json | null,"status"?: string,"title"?: string | null,"updated_at"?: string,"user_id"?: string,"version"?: number
                  }
                  Update: {
                    "broken_rules"?: Json | null,"content"?: string,"created_at"?: string,"id"?: string,"job_id"?: string | null,"origin"?: string,"product_id"?: string,"review"?: Json | null,"status"?: string,"title"?: string | null,"updated_at"?: string,"user_id"?: string,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "scripts_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "scripts_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "scripts_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "scripts_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"subscriptions": {
                  Row: {
                    "cancel_at": string | null,"cancel_at_period_end": boolean,"canceled_at": string | null,"created_at": string,"current_period_end": string | null,"current_period_start": string | null,"id": string,"past_due_at": string | null,"pause_collection": string | null,"plan": string | null,"status": string,"stripe_subscription_id": string,"trial_end": string | null,"updated_at": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "cancel_at"?: string | null,"cancel_at_period_end"?: boolean,"canceled_at"?: string | null,"created_at"?: string,"current_period_end"?: string | null,"current_period_start"?: string | null,"id"?: string,"past_due_at"?: string | null,"pause_collection"?: string | null,"plan"?: string | null,"status": string,"stripe_subscription_id": string,"trial_end"?: string | null,"updated_at"?: string,"user_id": string
                  }
                  Update: {
                    "cancel_at"?: string | null,"cancel_at_period_end"?: boolean,"canceled_at"?: string | null,"created_at"?: string,"current_period_end"?: string | null,"current_period_start"?: string | null,"id"?: string,"past_due_at"?: string | null,"pause_collection"?: string | null,"plan"?: string | null,"status"?: string,"stripe_subscription_id"?: string,"trial_end"?: string | null,"updated_at"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "subscriptions_plan_fkey"
      columns: ["plan"]
isOneToOne: false
      referencedRelation: "plans"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "subscriptions_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                },"virality_packs": {
                  Row: {
                    "configuration": NonNullable<Json>,"created_at": string,"headline": string | null,"id": string,"job_id": string | null,"name": string,"product_id": string,"score": number | null,"score_band": string | null,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "configuration": NonNullable<Json>,"created_at"?: string,"headline"?: never,"id"?: string,"job_id"?: string | null,"name": string,"product_id": string,"score"?: number | null,"score_band"?: never,"user_id": string
                  }
                  Update: {
                    "configuration"?: NonNullable<Json>,"created_at"?: string,"headline"?: never,"id"?: string,"job_id"?: string | null,"name"?: string,"product_id"?: string,"score"?: number | null,"score_band"?: never,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "virality_packs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "virality_packs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "virality_packs_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "virality_packs_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                }
          }
          Views: {
            "product_comparison": {
                  Row: {
                    "analysed_at": string | null,"band": string | null,"compared_id": string,"complaints": (string)[] | null,"currency": string | null,"is_competitor": boolean | null,"is_sold_out": boolean | null,"name": string,"net": number | null,"net_high": number | null,"net_low": number | null,"price": number | null,"product_id": string | null,"stands_out": number | null,"stands_out_high": number | null,"stands_out_low": number | null,"views_per_hour": number | null
                  }
                  ComputedFields: never
                  Relationships: [
                    
                  ]
                },"product_history": {
                  Row: {
                    "analysed_at": string,"band": string | null,"complaints": (string)[],"is_hit": boolean | null,"judged_at": string | null,"net": number | null,"net_high": number | null,"net_low": number | null,"product_id": string,"ratio": number | null,"ratio_high": number | null,"ratio_low": number | null,"stands_out": number | null,"stands_out_high": number | null,"stands_out_low": number | null,"views_per_hour": number | null
                  }
                  ComputedFields: never
                  Insert: {
                           "analysed_at"?: string | null,"band"?: string | null,"complaints"?: (string)[] | null,"is_hit"?: boolean | null,"judged_at"?: string | null,"net"?: number | null,"net_high"?: number | null,"net_low"?: number | null,"product_id"?: string | null,"ratio"?: number | null,"ratio_high"?: number | null,"ratio_low"?: number | null,"stands_out"?: number | null,"stands_out_high"?: number | null,"stands_out_low"?: number | null,"views_per_hour"?: number | null
                         }
                        Update: {
                           "analysed_at"?: string | null,"band"?: string | null,"complaints"?: (string)[] | null,"is_hit"?: boolean | null,"judged_at"?: string | null,"net"?: number | null,"net_high"?: number | null,"net_low"?: number | null,"product_id"?: string | null,"ratio"?: number | null,"ratio_high"?: number | null,"ratio_low"?: number | null,"stands_out"?: number | null,"stands_out_high"?: number | null,"stands_out_low"?: number | null,"views_per_hour"?: number | null
                         }
                        Relationships: [
                    {
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_comparison"
      referencedColumns: ["compared_id"]
    },{
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "product_overview"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "analysis_numbers_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    }
                  ]
                },"product_overview": {
                  Row: {
                    "created_at": string,"headline": string | null,"id": string,"is_sample": boolean | null,"job_error_code": string | null,"job_error_message": string | null,"job_id": string | null,"job_kind": string | null,"job_progress": number | null,"job_stage": string | null,"job_status": string | null,"last_analyzed_at": string | null,"name": string,"pack_created_at": string | null,"pack_id": string | null,"pack_name": string | null,"pack_score": number | null,"score_band": string | null,"sentiment_label": string | null,"sentiment_net": number | null,"source_url": string,"updated_at": string,"user_id": string,"watch": string
                  }
                  ComputedFields: never
                  Relationships: [
                    {
      foreignKeyName: "products_user_id_fkey"
      columns: ["user_id"]
isOneToOne: false
      referencedRelation: "accounts"
      referencedColumns: ["id"]
    }
                  ]
                }
          }
          Functions: {
            "account":
{ Args: Record<PropertyKey, never>; Returns: Record<string, unknown>
                           },
"adopt_starter_rules":
{ Args: { "pack": string }; Returns: {
              "created_at": string,
"enabled": boolean,
"id": string,
"rule_definition": NonNullable<Json>,
"rule_name": string,
"severity": string,
"updated_at": string,
"user_id": string
            }[]
                          SetofOptions: {
        from: "*"
        to: "brand_rules"
        isOneToOne: false
        isSetofReturn: true
      } },
"cancel_job":
{ Args: { "job_id": string }; Returns: {
              "attempt": number,
"crashes": number,
"created_at": string,
"error_code": string | null,
"error_message": string | null,
"failures": number,
"finished_at": string | null,
"id": string,
"kind": string,
"product_id": string | null,
"progress": number,
"stage": string,
"started_at": string | null,
"status": string,
"user_id": string | null
            }
                          SetofOptions: {
        from: "*"
        to: "jobs"
        isOneToOne: true
        isSetofReturn: false
      } },
"check_compliance":
{ Args: { "content": string }; Returns: {
              "kind": string,"message": string,"rule_id": string,"rule_name": string,"severity": string,"spans": Json,"status": string,"suggestion": string
            }[]
                           },
"delete_account":
{ Args: Record<PropertyKey, never>; Returns: undefined
                           },
"export_account":
{ Args: { "cursor"?: string }; Returns: Json
                           },
"generate_script":
{ Args: { "brief"?: string,"product_id": string }; Returns: {
              "attempt": number,
"crashes": number,
"created_at": string,
"error_code": string | null,
"error_message": string | null,
"failures": number,
"finished_at": string | null,
"id": string,
"kind": string,
"product_id": string | null,
"progress": number,
"stage": string,
"started_at": string | null,
"status": string,
"user_id": string | null
            }
                          SetofOptions: {
        from: "*"
        to: "jobs"
        isOneToOne: true
        isSetofReturn: false
      } },
"restore_script_version":
{ Args: { "script_id": string,"version": number }; Returns: {
              "broken_rules": Json | null,
"content": string,
"created_at": string,
"id": string,
"job_id": string | null,
"origin": string,
"product_id": string,
"review": Json | null,
"status": string,
"title": string | null,
"updated_at": string,
"user_id": string,
"version": number
            }
                          SetofOptions: {
        from: "*"
        to: "scripts"
        isOneToOne: true
        isSetofReturn: false
      } },
"run_analysis":
{ Args: { "product_id": string }; Returns: {
              "attempt": number,
"crashes": number,
"created_at": string,
"error_code": string | null,
"error_message": string | null,
"failures": number,
"finished_at": string | null,
"id": string,
"kind": string,
"product_id": string | null,
"progress": number,
"stage": string,
"started_at": string | null,
"status": string,
"user_id": string | null
            }
                          SetofOptions: {
        from: "*"
        to: "jobs"
        isOneToOne: true
        isSetofReturn: false
      } },
"score_record":
{ Args: Record<PropertyKey, never>; Returns: Record<string, unknown>
                           },
"service_score_record":
{ Args: Record<PropertyKey, never>; Returns: Record<string, unknown>
                           }
          }
          Enums: {
            [_ in never]: never
          }
          CompositeTypes: {
            [_ in never]: never
          }
        }
}

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">]

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
  ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R
    }
    ? R
    : never
  : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I
    }
    ? I
    : never
  : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U
    }
    ? U
    : never
  : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
  ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
  ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never

export const Constants = {
  "public": {
          Enums: {
            
          }
        }
} as const
